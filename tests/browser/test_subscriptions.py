"""A membership by the month: set up in few actions, bought, renewed for two years, canceled."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import acts
from tests.browser.people import Office, Staff
from tests.house import House

MOST_ACTIONS = 40
PLAN = "/plans/monthly-membership/"
SHOPPER = "lin@demo.example.com"

RENEWALS, FAILING = 24, 6

PAID = (
    "select o.total_minor from orders_subscriptioncharge c join orders_order o on o.id = c.order_id"
    " where c.outcome = 'paid'"
)
VOUCHERS = (
    "select count(*) from fulfillment_entitlement e join catalog_sku s on s.id = e.sku_id"
    " join orders_order o on o.public_id = e.reference"
    " where s.code = 'MOVIE-2D' and o.attribution like 'subscription:%%'"
)


FAILED = "select count(*) from orders_subscriptioncharge where outcome = 'failed'"
NOTICES = "select count(*) from orders_renewalnotice where sent_at is not null"
LIVE_ON = (
    "import django; django.setup(); from tests.browser.years import live_on;"
    "live_on({id!r}, last={last}, failing={failing})"
)


@pytest.fixture
def aging(shop: House) -> Iterator[House]:
    """A shop whose years go by; whoever comes next finds it filled anew, in the present."""
    yield shop
    shop.see_off()


class Hand:
    """Does what an operator does, and counts every field and every click."""

    def __init__(self) -> None:
        self.actions = 0

    def fill(self, where: Locator, text: str) -> None:
        self.actions += 1
        where.fill(text)

    def click(self, where: Locator) -> None:
        self.actions += 1
        where.click()

    def choose(self, page: Page, field: str, code: str) -> None:
        """A good by its code: open the list, type, take what is found."""
        self.click(page.locator(f"select[name={field}] + .select2 .select2-selection"))
        self.fill(page.locator(".select2-search__field").last, code)
        self.click(page.locator(".select2-results__option", has_text=code).first)


def _set_up(hand: Hand, page: Page) -> str:
    """Monthly membership, first month 6 yuan, then 19.90, plus one free cinema voucher."""
    page.goto("/admin/orders/plan/add/")
    hand.fill(page.locator("[name=name]"), "连续包月会员")
    hand.fill(page.locator("[name=name_en]"), "Monthly membership")
    hand.choose(page, "sku", "TXV-VIP-M")
    hand.fill(page.locator("[name=budget_minor]"), "2000")
    hand.fill(page.locator("[name=phases-0-periods]"), "1")
    hand.fill(page.locator("[name=phases-0-price_minor]"), "6")
    hand.choose(page, "phases-0-gift", "MOVIE-2D")
    hand.fill(page.locator("[name=phases-1-price_minor]"), "19.90")
    hand.click(page.locator("[name=_continue], [name=_save]").first)
    page.goto("/admin/orders/plan/?q=monthly-membership")
    hand.click(page.locator("#result_list tbody a, .result-list tbody a").first)
    hand.click(page.locator("a[href$='/open/']"))
    hand.click(page.locator("#content form button").first)
    expect(page.locator("a[href$='/open/']")).to_be_visible()
    return page.url


def _agree(hand: Hand, page: Page, staff: Staff, shop: House) -> None:
    asked = "select id from core_approval where state = 'requested' and action = 'orders.open_plan'"
    page.goto(f"/admin/core/approval/{shop.sql(asked)[0][0]}/change/")
    hand.click(page.locator("a[href*='/agree/']"))
    code = page.locator("[name=code]")
    if code.count():
        hand.fill(code, staff.code())
    hand.click(page.locator("#content form button").first)
    acts.until(page, shop, asked, [])


def _renew(shop: House, subscription: str) -> None:
    """Two years go by, notice by notice and charge by charge."""
    told = LIVE_ON.format(id=subscription, last=RENEWALS + 1, failing=FAILING)
    done = shop.run("-c", told)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]


def test_a_membership_from_its_setting_up_to_its_end(
    office: Office, phone: Page, staff: Staff, aging: House
) -> None:
    shop = aging
    hand = Hand()
    _set_up(hand, office("operator"))
    _agree(hand, office("finance"), staff, shop)
    assert hand.actions <= MOST_ACTIONS, hand.actions

    acts.sign_in(phone, SHOPPER, staff.shopper_password)
    phone.goto(PLAN)
    expect(phone.locator(".law")).to_be_visible()
    phone.locator("#plan [name=in_qq]").fill("100012345")
    phone.locator("#plan [name=renewal]").check()
    phone.locator("#plan [name=consent]").check()
    phone.locator("#plan button").click()
    phone.locator("button[value=sign]").click()
    phone.wait_for_url(re.compile(r"/subscriptions/sub_"))
    address = phone.url
    acts.until(phone, shop, PAID, [(600,)])
    phone.reload()
    expect(phone.locator("#charges")).to_contain_text("6.00")
    acts.until(phone, shop, VOUCHERS, [(1,)])
    phone.goto("/wallet/?q=电影")
    expect(phone.locator(".wallet")).to_contain_text("电影")

    _renew(shop, re.search(r"sub_\w+", address).group())  # type: ignore[union-attr]
    # 24 renewals, each announced; one charge failed and was tried again; the voucher came once.
    assert sorted(shop.sql(PAID)) == sorted([(600,)] + [(1990,)] * RENEWALS)
    assert shop.sql(FAILED) == [(1,)]
    assert shop.sql(NOTICES) == [(RENEWALS,)]
    assert shop.sql(VOUCHERS) == [(1,)]

    # Her session ended long ago.
    phone.context.clear_cookies()
    acts.sign_in(phone, SHOPPER, staff.shopper_password)
    phone.goto("/subscriptions/")
    phone.locator("main article a").first.click()
    expect(phone.locator("#charges tr")).to_have_count(RENEWALS + 2)
    # Two clicks, and it is over.
    phone.locator("#cancel summary").click()
    phone.locator("#cancel button").click()
    state = "select state from orders_subscription"
    phone.wait_for_url(re.compile(r"/subscriptions/sub_"))
    expect(phone.locator("#cancel")).to_have_count(0)
    acts.until(phone, shop, state, [("cancelling",)])
