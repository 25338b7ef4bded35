"""Every kind of promotion where its operator sets it up."""

from playwright.sync_api import BrowserContext, Page

from tests.browser.office_stories import first_of
from tests.browser.stories import enter_office
from tests.browser.studio import DARK_DESKTOP, DESKTOP_LOOK, PHONE_LOOK, Studio

WIDE = (DESKTOP_LOOK,)
# How often, and how far apart, a batch is looked at until its codes are made.
TRIES, MOMENT_MS = 60, 1_000
# Name of the picture, what it shows, where the record is found.
PROMOTIONS = (
    ("amount-off", "Steps of a sum", "追剧季满减"),
    ("percent-off", "A share off", "耳朵放假"),
    ("special-price", "A special price", "云音乐开学特价"),
    ("nth-unit", "The second for less", "再添一份更划算"),
    ("several-for", "Three for one price", "骑行三件套"),
    ("gift-with", "A gift, with its subsidy", "办公年卡送一杯拿铁"),
    ("code", "With a code, on a first order", "新朋友立减"),
)
RECORDS = (
    ("coupons", "Coupons: who claims, how long they hold", "orders/couponcampaign/"),
    ("lottery", "A draw: its table, its odds, its cost", "orders/lottery/"),
    ("exchange", "A batch of exchange codes", "orders/exchangebatch/"),
    ("points", "How points are earned", "orders/pointsrule/"),
    ("points-good", "What points buy", "orders/pointsgood/"),
    ("plan", "A plan and its phases", "orders/plan/"),
    ("subscription", "A subscription and its charges", "orders/subscription/"),
    ("level", "A member level", "accounts/memberlevel/"),
    ("level-price", "What a level pays", "catalog/levelprice/"),
    ("price-list", "A price list", "catalog/pricelist/"),
)


def setups(studio: Studio) -> None:
    """The promotion screen by kind, then the records of every other way to pay less."""
    studio.chapter = "Setting promotions up"
    operator = enter_office(studio, "operator")
    studio.take(
        "office-promotion-kinds",
        "Which kind",
        "/admin/orders/promotion/add/",
        by=operator,
        looks=WIDE,
    )
    for name, title, words in PROMOTIONS:
        _record(studio, operator, f"promotion-{name}", title, f"orders/promotion/?q={words}")
    for name, title, path in RECORDS:
        _record(studio, operator, f"setup-{name}", title, path)
    _batch(studio, operator)


def _batch(studio: Studio, operator: BrowserContext) -> None:
    """Codes are ordered on the page of their coupons, and made in the background."""
    page = operator.new_page()
    page.goto(first_of(operator, "/admin/orders/couponcampaign/").replace("/change/", "/print/"))
    page.locator("[name=number]").fill("50")
    page.locator("[name=note]").fill("门店海报")
    page.locator("form:has([name=number]) button").first.click()
    page.wait_for_url("**/orders/couponbatch/**")
    page.close()
    batches = "/admin/orders/couponbatch/"
    studio.take(
        "office-coupon-batches", "Printed codes", batches, by=operator, looks=WIDE, prepare=_made
    )
    _record(studio, operator, "coupon-batch", "A batch of codes", "orders/couponbatch/")


def _made(page: Page) -> None:
    for _try in range(TRIES):
        if page.get_by_text("50 / 50").count():
            return
        page.wait_for_timeout(MOMENT_MS)
        page.reload()
    raise AssertionError("the codes were not made")


def _record(studio: Studio, operator: BrowserContext, name: str, title: str, path: str) -> None:
    record = first_of(operator, f"/admin/{path}")
    first = name == "promotion-amount-off"
    looks = (DESKTOP_LOOK, DARK_DESKTOP, PHONE_LOOK) if first else WIDE
    studio.take(f"office-{name}", title, record, by=operator, looks=looks, whole=False)
