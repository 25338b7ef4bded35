"""Paying less, from the buyer's side: offers, coupons, points, draws, codes and subscriptions."""

from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import BrowserContext, Page, expect

from demo.people import SHOPPERS, password
from demo.plans import SLUG as PLAN
from tests.browser import acts
from tests.browser.studio import BOTH, DARK, ENGLISH, PHONE_LOOK, Studio

PHONE = (PHONE_LOOK,)
NUMBER = "13812345678"
# A cart in which every kind of promotion has something to say.
MIXED = (
    ("mango-tv-vip", "MG-VIP-Y", 1), ("ximalaya-vip", "XMLY-VIP-M", 1),
    ("netease-music-vinyl-vip", "NEM-VIP-M", 1), ("zhihu-salt-select", "ZH-SALT-M", 2),
    ("hello-bike-pass", "HELLO-M", 3), ("wps-super-membership", "WPS-SUP-Y", 1),
)  # fmt: skip


def promotions(studio: Studio) -> None:
    """Everything that makes a shopper pay less, in the order in which one meets it."""
    studio.chapter = "Paying less"
    shopper = studio.person()
    page = shopper.new_page()
    acts.sign_in(page, SHOPPERS[0].sign_in, password("shopper"))
    _offers(studio, shopper, page)
    _coupons(studio, shopper, page)
    _points(studio, shopper)
    _draw(studio, shopper, page)
    _exchange(studio)
    _subscribe(studio, shopper, page)


def _offers(studio: Studio, shopper: BrowserContext, page: Page) -> None:
    studio.take(
        "offers", "What runs, beside the good", "/p/ximalaya-vip/?sku=XMLY-VIP-M", looks=(*PHONE, DARK),
        prepare=_offers_there,
    )  # fmt: skip
    studio.take(
        "offer-plan", "A good with its subscription", "/p/iqiyi-gold-vip/?sku=IQY-GOLD-M", looks=PHONE,
        prepare=_offers_there,
    )  # fmt: skip
    _put(page, *MIXED[1])
    _put(page, *MIXED[3][:2], 1)
    studio.take("cart-hint", "What is missing to the next step", "/cart/", by=shopper, looks=PHONE)
    for slug, sku, units in (MIXED[0], *MIXED[2:]):
        _put(page, slug, sku, units - (sku == "ZH-SALT-M"))
    studio.take("cart-offers", "One cart, every kind of offer", "/cart/", by=shopper, looks=BOTH)
    studio.take("checkout-offers", "Each with its reason", "/checkout/", by=shopper, looks=PHONE)


def _offers_there(page: Page) -> None:
    expect(page.locator(".offers")).to_be_visible()


def _put(page: Page, slug: str, sku: str, units: int) -> None:
    page.goto(f"/p/{slug}/?sku={sku}")
    page.locator("[name=in_phone]").fill(NUMBER)
    for _unit in range(units - 1):
        page.locator("#buy [data-step='1']").click()
    page.locator("button[formaction$='/cart/add/']").click()
    page.wait_for_url("**/cart/")


def _coupons(studio: Studio, shopper: BrowserContext, page: Page) -> None:
    claim = "/coupon/listening/"
    studio.take("coupon", "A coupon to be had", claim, looks=(*PHONE, DARK, ENGLISH))
    page.goto(claim)
    page.locator("main form button.btn").click()
    page.wait_for_url("**/coupons/**")
    studio.take("coupons", "My coupons", "/coupons/", by=shopper, looks=BOTH)
    checkout = f"/checkout/?sku=XMLY-VIP-Y&quantity=1&in_phone={NUMBER}"
    studio.take(
        "checkout-coupon", "Coupon, code and points", checkout, by=shopper, looks=PHONE,
        prepare=_open_folds,
    )  # fmt: skip
    studio.take(
        "coupon-code", "A code that does nothing here, and why", "/checkout/?sku=JD-E-100&quantity=1",
        looks=PHONE, prepare=_try_code,
    )  # fmt: skip


def _open_folds(page: Page) -> None:
    page.evaluate(
        "() => document.querySelectorAll('details.fold').forEach(d => { d.open = true; })"
    )


def _try_code(page: Page) -> None:
    _open_folds(page)
    page.locator("[name=code]").fill("HELLO2")
    page.locator("details.fold button").first.click()
    expect(page.locator(".fold .note")).to_be_visible()


def _points(studio: Studio, shopper: BrowserContext) -> None:
    studio.take("points", "My points", "/points/", by=shopper, looks=PHONE)
    studio.take("points-mall", "Points mall", "/points/mall/", by=shopper, looks=BOTH)
    studio.take("level", "My level", "/account/level/", by=shopper, looks=PHONE)


def _draw(studio: Studio, shopper: BrowserContext, page: Page) -> None:
    here = "/lottery/autumn-draw/"
    studio.take("lottery", "A prize draw with its odds", here, by=shopper, looks=(*PHONE, DARK))
    page.goto(here)
    page.locator("#chance-code").fill("AUTUMN")
    page.locator("form[action$='/code/'] button").click()
    for words in ("今天运气不错", "再来一次"):
        page.locator("[name=words]").fill(words)
        with page.expect_response("**/draw/"):
            page.locator("form[action$='/draw/'] button").click()
        expect(page.locator(".draw-result")).to_be_visible()
        if page.locator(".draw-result:not(.is-nothing)").count():
            break
    studio.keep(page, "lottery-drawn", "Drawn", PHONE_LOOK)
    studio.take(
        "lottery-proof", "What a stranger checks it with", f"{here}proof/", looks=(*PHONE, ENGLISH)
    )


def _exchange(studio: Studio) -> None:
    guest = studio.person()
    page = guest.new_page()
    page.goto("/exchange/")
    studio.take("exchange", "An exchange code", "/exchange/", looks=PHONE)
    _redeem(page, "ABCD-EFGH-JKMN-PQRS-TU")
    expect(page.locator(".error, .note-bad").first).to_be_visible()
    studio.keep(page, "exchange-refused", "Not a code of ours", PHONE_LOOK)
    page.goto("/exchange/")
    _redeem(page, _a_code())
    page.wait_for_url(lambda url: not url.endswith("/exchange/"))
    studio.keep(page, "exchange-done", "Redeemed", PHONE_LOOK)


def _redeem(page: Page, code: str) -> None:
    page.locator("main [name=code]").fill(code)
    page.locator("main [name=contact]").fill("13900139012")
    page.locator("main form.panel button.btn").click()


def _a_code() -> str:
    """One of the demo's batch, as it would stand on a card."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(_opened).result()


def _opened() -> str:
    from core.crypto import unseal
    from orders.models import ExchangeCode

    row = ExchangeCode.objects.filter(batch__state="live", used_at=None).order_by("number").first()
    assert row is not None, "the worker has made the batch by now"
    return unseal(row.sealed, context=row.context).reveal()


def _subscribe(studio: Studio, shopper: BrowserContext, page: Page) -> None:
    studio.take("plans", "Subscriptions", "/plans/", looks=PHONE)
    here = f"/plans/{PLAN}/"
    studio.take("plan", "First month 6 yuan", here, by=shopper, looks=(*BOTH, DARK, ENGLISH))
    page.goto(here)
    page.locator("#plan [name=in_phone]").fill(NUMBER)
    page.locator("#plan [name=renewal]").check()
    page.locator("#plan [name=consent]").check()
    page.locator("#plan button").click()
    page.locator("button[value=sign]").wait_for()
    studio.keep(page, "mandate", "The gateway asks for the mandate", PHONE_LOOK)
    page.locator("button[value=sign]").click()
    page.wait_for_url("**/subscriptions/sub_**")
    mine = page.url
    for _look in range(60):
        page.goto(mine)
        if page.locator("#charges .link").count():
            break
        page.wait_for_timeout(500)
    studio.take("subscription", "Mine, with the way out", mine, by=shopper, looks=BOTH)
    studio.take("subscriptions", "My subscriptions", "/subscriptions/", by=shopper, looks=PHONE)
