"""A membership by the month: set up in few actions, bought, its voucher in the wallet once, canceled."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser import acts
from tests.browser.people import Office, Staff
from tests.house import House

MOST_ACTIONS = 40
PLAN = "/plans/monthly-membership/"
SHOPPER = "lin@demo.example.com"

PAID = (
    "select o.total_minor from orders_subscriptioncharge c join orders_order o on o.id = c.order_id"
    " where c.outcome = 'paid'"
)
VOUCHERS = (
    "select count(*) from fulfillment_entitlement e join catalog_sku s on s.id = e.sku_id"
    " join orders_order o on o.public_id = e.reference"
    " where s.code = 'MOVIE-2D' and o.attribution like 'subscription:%%'"
)


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
    assert shop.sql(asked) == []


def _until(page: Page, shop: House, question: str, answer: list[tuple[int, ...]]) -> None:
    """Wait for something that a worker brings."""
    for _ in range(240):
        if shop.sql(question) == answer:
            return
        page.wait_for_timeout(250)
    assert shop.sql(question) == answer


def test_a_membership_from_its_setting_up_to_its_end(
    office: Office, phone: Page, staff: Staff, shop: House
) -> None:
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
    _until(phone, shop, PAID, [(600,)])
    phone.reload()
    expect(phone.locator("#charges")).to_contain_text("6.00")
    _until(phone, shop, VOUCHERS, [(1,)])
    phone.goto("/wallet/?q=电影")
    expect(phone.locator(".wallet")).to_contain_text("电影")

    phone.goto("/subscriptions/")
    phone.locator("main article a").first.click()
    # Two clicks, and it is over.
    phone.locator("#cancel summary").click()
    phone.locator("#cancel button").click()
    state = "select state from orders_subscription"
    phone.wait_for_url(re.compile(r"/subscriptions/sub_"))
    expect(phone.locator("#cancel")).to_have_count(0)
    assert shop.sql(state) == [("cancelling",)]
