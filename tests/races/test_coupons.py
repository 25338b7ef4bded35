"""One coupon under parallel orders (D03), and what may happen to it at one moment."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from catalog import snapshot
from catalog.models import Sku
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from orders.models import Coupon, CouponUse, Order
from orders.queries import promotions
from orders.services.close_order import expire_order
from orders.services.coupons.claim_coupon import ClaimRefused, claim_coupon
from orders.services.place_order import PriceChanged, Refused
from orders.services.request_refund import NothingToRefund, request_refund
from tests.factories.catalog import make_sku
from tests.factories.coupons import coupon_promotion, make_campaign, make_coupon, make_printed
from tests.factories.orders import item, order_of, pay, place, wanted
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("committed")
ORDERS = 32
FORGET = (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget)


@pytest.fixture(autouse=True)
def _quiet(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    settings.TEST_HOOKS = True
    for forget in FORGET:
        forget()
    ensure_data_key()
    yield
    for forget in FORGET:
        forget()


@pytest.fixture
def good(_quiet: None) -> Sku:
    return make_sku(kind="topup", price_minor=9000, cost_minor=1)


def sound() -> bool:
    return not [
        one
        for only in ("INV-V3", "INV-CP")
        for one in check_all(now=clock.now(), grace=0, only=only)
    ]


def storm(good: Sku, **more: Any) -> int:
    """All order with the same coupon at one moment; returns how many orders have it."""
    seen = wanted(item(good), **more).shown

    def order(contact: str) -> None:
        try:
            place(item(good), shown=seen, contact=contact, **more)
        except (PriceChanged, Refused):
            return

    crowd(order, [f"person{n}@example.com" for n in range(ORDERS)])
    return CouponUse.objects.count()


def test_one_coupon_in_32_orders_is_held_by_one(good: Sku) -> None:
    make_coupon(coupon_promotion(), "usr_ANN")
    assert storm(good, owner="usr_ANN") == 1
    assert Order.objects.count() == 1
    assert sound()


def test_one_printed_code_in_32_guests_orders_is_held_by_one(good: Sku) -> None:
    _coupon, code = make_printed(coupon_promotion())
    assert storm(good, codes=(code,)) == 1
    assert sound()


def test_without_the_row_count_many_orders_have_it(good: Sku) -> None:
    """Negative control: what the conditional update is for."""
    make_coupon(coupon_promotion(), "usr_ANN")
    with without("orders.coupons"):
        assert storm(good, owner="usr_ANN") > 1
    assert not sound()


def claims(most: int, people: list[str]) -> int:
    """All claim at one moment; returns how many coupons there are then."""
    campaign = make_campaign(coupon_promotion(), most_claims=most)

    def claim(person: str) -> None:
        with suppress(ClaimRefused):
            claim_coupon(campaign=campaign.slug, owner=person, now=clock.now())

    crowd(claim, people)
    return Coupon.objects.count()


def test_ten_claims_for_64_people_are_ten() -> None:
    assert claims(10, [f"usr_{n}" for n in range(64)]) == 10
    assert sound()


def test_one_person_claims_once_however_often_at_one_moment() -> None:
    assert claims(10, ["usr_ANN"] * 16) == 1
    assert sound()


def test_without_the_count_more_are_claimed_than_there_are() -> None:
    """Negative control: what the limits on claims are for."""
    with without("orders.claims"):
        assert claims(10, [f"usr_{n}" for n in range(64)]) > 10
    assert not sound()


def at_once(*acts: Callable[[], object]) -> None:
    crowd(lambda act: act(), acts)


@pytest.mark.parametrize("round_", range(4))
def test_an_order_that_expires_while_its_coupon_is_wanted_again(good: Sku, round_: int) -> None:
    coupon = make_coupon(coupon_promotion(), "usr_ANN")
    first = order_of(place(item(good), owner="usr_ANN"))
    form = wanted(item(good), owner="usr_ANN", contact=f"other{round_}@example.com")

    def again() -> None:
        try:
            place(item(good), owner="usr_ANN", shown=form.shown, contact=form.contact)
        except (PriceChanged, Refused):
            return

    at_once(lambda: expire_order(order=first.public_id, now=first.expires_at), again)
    coupon.refresh_from_db()
    assert coupon.order_id != first.public_id
    assert sound()


def test_money_and_the_end_of_the_order_at_one_moment(good: Sku) -> None:
    coupon = make_coupon(coupon_promotion(), "usr_ANN")
    first = order_of(place(item(good), owner="usr_ANN"))
    at_once(
        lambda: expire_order(order=first.public_id, now=first.expires_at),
        lambda: pay(first, now=first.expires_at),
    )
    coupon.refresh_from_db()
    # On time or late, the money was good for the goods at the price with the coupon.
    assert (coupon.state, coupon.order_id) == ("used", first.public_id)
    assert sound()


def test_a_refund_while_the_same_coupon_is_wanted_again(good: Sku) -> None:
    free = coupon_promotion({"steps": [[0, 9000]]}, subsidy_minor=90_000)
    make_coupon(free, "usr_ANN")
    first = order_of(place(item(good), owner="usr_ANN"))
    pay(first)

    def refund() -> None:
        try:
            request_refund(order=first.public_id, now=clock.now(), acting="test", reason="regret")
        except NothingToRefund:
            return

    def again() -> None:
        try:
            place(item(good), owner="usr_ANN")
        except (PriceChanged, Refused):
            return

    at_once(refund, again, refund)
    assert Coupon.objects.get().state in {"claimed", "held"}
    assert sound()
