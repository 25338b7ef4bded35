"""Bundles in pictures: what is inside, choosing, and an order of which one part could not be had."""

from playwright.sync_api import BrowserContext, Page, expect

from demo.people import SHOPPERS, password
from simulators.supplier_c.script import Supplier
from tests.browser import acts
from tests.browser.stories import enter_office
from tests.browser.studio import BOTH, DARK, DESKTOP_LOOK, Studio

WEEKEND = "/p/weekend-at-home-pack/"
PICK = "/p/pick-any-two-video-memberships/"
REFUSED = "13612340000"


def bundles(studio: Studio, supplier: Supplier) -> None:
    """The weekend pack and the choice of two, bought by a shopper with an account."""
    studio.chapter = "Bundles"
    studio.take("bundle", "What is inside", WEEKEND, looks=(*BOTH, DARK))
    studio.take(
        "bundle-choice", "Two of four, one chosen", PICK, looks=(*BOTH, DARK), prepare=_choose_one
    )
    shopper = studio.person()
    page = shopper.new_page()
    acts.sign_in(page, SHOPPERS[0].sign_in, password("shopper"))
    match = {"product": "MT-PASS-W", "account": REFUSED}
    supplier.fault("reject", op="order", match=match, times=None, code="OUT_OF_STOCK")
    order = acts.buy(page, "weekend-at-home-pack", "BUN-WEEKEND", phone=REFUSED)
    expect(page.locator(".hero-partially_delivered")).to_be_visible(timeout=60_000)
    expect(page.locator(".bundle-missing")).to_be_visible(timeout=60_000)
    looks = (*BOTH, DARK)
    studio.take(
        "order-bundle", "One part could not be had", f"/orders/{order}/", by=shopper, looks=looks
    )
    studio.take("wallet-bundle", "Parts in the wallet", "/wallet/", by=shopper)
    _office(studio, enter_office(studio, "operator"))


def _office(studio: Studio, operator: BrowserContext) -> None:
    list_of = "/admin/catalog/bundle/"
    studio.take("office-bundles", "Bundles", list_of, by=operator, looks=(DESKTOP_LOOK,))
    page = operator.new_page()
    page.goto(list_of)
    page.locator("table a", has_text="BUN-PICK2").first.click()
    page.wait_for_url("**/change/")
    studio.take(
        "office-bundle", "Inside, split and margin", page.url, by=operator, looks=(DESKTOP_LOOK,)
    )
    page.close()


def _choose_one(page: Page) -> None:
    page.locator("label.pick-one", has=page.locator("[value=TXV-VIP-M]")).click()
    expect(page.locator("[name=in_qq]")).to_be_visible()
