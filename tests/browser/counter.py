"""A times-card and the people at a counter, for the tests of the till."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.browser import acts
from tests.browser.people import Opener, Staff
from tests.house import House

WASH, TEN = "standard-car-wash", "WASH-10"
CLERK, LEAD, SHOPPER = "clerk@demo.example.com", "lead@demo.example.com", "lin@demo.example.com"


@dataclass
class Bought:
    """A times-card somebody bought, as their wallet shows it: the picture and the code."""

    entitlement: str
    picture: bytes
    code: str

    @property
    def scanned(self) -> str:
        """What a scanner types for it."""
        return "QY:" + self.code.replace("-", "")

    def left(self, shop: House) -> int:
        """Uses that are left on it, by the database."""
        asked = "select uses_left from fulfillment_entitlement where public_id = %s"
        return int(shop.sql(asked, [self.entitlement])[0][0])


def _buy(page: Page, shop: House) -> Bought:
    order = acts.buy(page, WASH, TEN)
    acts.delivered(page)
    owned = "select public_id from fulfillment_entitlement where reference = %s"
    entitlement = str(shop.sql(owned, [order])[0][0])
    page.goto(f"/wallet/{entitlement}/")
    page.locator("form[data-reveal] button").click()
    expect(page.locator(".qr-ground svg")).to_be_visible()
    # As it is printed: on a screen the bar at the bottom may lie over it.
    page.emulate_media(media="print")
    picture = page.locator(".qr-ground").screenshot()
    return Bought(entitlement, picture, page.locator(acts.CODE).last.inner_text())


# One card serves several tests, in one filling of the shop, while enough is left on it.
_cards: dict[str, Bought] = {}
ENOUGH = 4


@pytest.fixture
def bought(opener: Opener, staff: Staff, shop: House) -> Bought:
    filling = staff.folder.name
    card = _cards.get(filling)
    if card is None or card.left(shop) < ENOUGH:
        page = opener()
        acts.sign_in(page, SHOPPER, staff.shopper_password)
        card = _cards[filling] = _buy(page, shop)
    return card


@pytest.fixture
def used(shop: House, bought: Bought) -> Callable[[], int]:
    """How many uses this test has taken from the card."""
    before = bought.left(shop)
    return lambda: before - bought.left(shop)


@pytest.fixture
def clerk(opener: Opener, staff: Staff) -> Callable[..., Page]:
    """A clerk's browser, signed in."""

    def open_till(path: str, **options: object) -> Page:
        page = opener(**options)
        acts.sign_in(page, CLERK, staff.shopper_password)
        page.goto(path)
        return page

    return open_till


def stage(page: Page, kind: str) -> None:
    """Wait until this lies on the stage; an empty one has nothing to be seen."""
    found = page.locator(f"#stage .stage-{kind}")
    if kind == "idle":
        expect(found).to_have_count(1)
    else:
        expect(found.locator("> *").last).to_be_visible(timeout=60_000)


def scan(page: Page, text: str) -> None:
    page.keyboard.type(text + "\n")
