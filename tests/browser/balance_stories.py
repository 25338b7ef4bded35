"""Gift cards and the balance they fill, from the buyer's side and the back office's."""

from demo.people import SHOPPERS, password
from tests.browser import acts
from tests.browser.stories import enter_office
from tests.browser.studio import DARK, DESKTOP_LOOK, PHONE_LOOK, Studio

GOOD = "sku=JD-E-100&quantity=1"


def balances(studio: Studio) -> None:
    """What there is, what it pays at the checkout, and where staff sees it."""
    studio.chapter = "Paying from a balance"
    shopper = studio.person()
    acts.sign_in(shopper.new_page(), SHOPPERS[0].sign_in, password("shopper"))
    studio.take(
        "balance", "A balance, and where each movement came from", "/balance/", by=shopper,
        looks=(PHONE_LOOK, DARK),
    )  # fmt: skip
    studio.take(
        "checkout-balance", "What it pays, and what is left to pay",
        f"/checkout/?{GOOD}&balance=1", by=shopper, looks=(PHONE_LOOK, DARK),
    )  # fmt: skip
    studio.take(
        "office-balances", "People's balances", "/admin/orders/personbalance/",
        by=enter_office(studio, "finance"), looks=(DESKTOP_LOOK,),
    )  # fmt: skip
