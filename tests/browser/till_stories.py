"""The counter: a times-card in a wallet, the clerk's phone and PC, every verdict."""

from playwright.sync_api import Page, expect

from demo.people import CLERKS, SHOPPERS, password
from tests.browser import acts
from tests.browser.studio import (
    BOTH,
    DARK,
    DARK_DESKTOP,
    DESKTOP_LOOK,
    ENGLISH,
    PHONE_LOOK,
    Studio,
)

# Longer than a scanner's second line takes.
A_LOOK = 800


def counter(studio: Studio) -> None:
    """From the wallet's QR to the day's list."""
    studio.chapter = "At the counter"
    code, guest = _card(studio)
    studio.take(
        "voucher", "A voucher in the wallet, with its QR", guest.url, by=guest.context,
        looks=(*BOTH, DARK, ENGLISH), prepare=_reveal,
    )  # fmt: skip
    clerk = studio.person()
    acts.sign_in(clerk.new_page(), CLERKS[0].sign_in, password("shopper"))
    studio.take("till", "The till on a phone", "/redeem/", by=clerk, looks=(*BOTH, DARK, ENGLISH))

    def found(page: Page) -> None:
        _enter(page, code)
        expect(page.locator(".found")).to_be_visible()

    def used(page: Page) -> None:
        found(page)
        page.wait_for_timeout(A_LOOK)
        page.locator("[data-confirm]").click()
        expect(page.locator(".stage-done .verdict")).to_be_visible()

    def undone(page: Page) -> None:
        used(page)
        page.locator(".undo summary").click()
        page.locator("[data-undo]").click()
        expect(page.locator(".stage-undone .verdict")).to_be_visible()

    looks = (PHONE_LOOK, DARK, ENGLISH)
    for name, title, prepare in (
        ("found", "What it is, before anything is used", found),
        ("done", "Redeemed", used),
        ("undone", "Given back", undone),
        ("refused", "Refused, with a sentence to read aloud", _refused),
    ):
        studio.take(
            f"till-{name}", title, "/redeem/", by=clerk, looks=looks, prepare=prepare, whole=False
        )
    wide = (DESKTOP_LOOK, DARK_DESKTOP)
    studio.take("desk", "A scanner on a PC", "/redeem/desk/", by=clerk, looks=wide)
    for name, title, prepare in (
        ("found", "Scanned once: Enter or a second scan confirms", found),
        ("done", "Redeemed, on a PC", used),
        ("refused", "Refused, on a PC", _refused),
    ):
        studio.take(
            f"desk-{name}",
            title,
            "/redeem/desk/",
            by=clerk,
            looks=wide,
            prepare=prepare,
            whole=False,
        )
    studio.take(
        "till-today", "The day at the till", "/redeem/today/", by=clerk, looks=(*BOTH, DARK)
    )
    lead = studio.person()
    acts.sign_in(lead.new_page(), CLERKS[1].sign_in, password("shopper"))
    studio.take("till-stores", "Where are you today?", "/redeem/store/", by=lead, looks=BOTH)
    studio.take("till-stranger", "Not a clerk", "/redeem/", by=guest.context, looks=(PHONE_LOOK,))


def _card(studio: Studio) -> tuple[str, Page]:
    """A card of ten washes, bought by a shopper; its page and its code."""
    page = studio.person().new_page()
    acts.sign_in(page, SHOPPERS[0].sign_in, password("shopper"))
    acts.buy(page, "standard-car-wash", "WASH-10")
    acts.delivered(page)
    page.goto("/wallet/")
    page.locator("a[href*='/wallet/ent_']", has_text="洗车").first.click()
    _reveal(page)
    return page.locator(acts.CODE).last.inner_text(), page


def _reveal(page: Page) -> None:
    page.locator("form[data-reveal] button").click()
    expect(page.locator(".qr-ground")).to_be_visible()


def _enter(page: Page, text: str) -> None:
    page.locator("#entry").fill(text)
    page.locator("button[value=enter]").click()


def _refused(page: Page) -> None:
    _enter(page, "WXP://F2F0ABCDEFG")
    expect(page.locator(".stage-refused .verdict")).to_be_visible()
