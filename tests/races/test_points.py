"""Points under parallel orders and events: never spent twice, never earned twice (D04)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog import snapshot
from catalog.models import Sku
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from core.tx import step
from orders.models import Order, PointsPayment
from orders.queries import promotions
from orders.queries.points import balance_of
from orders.services.close_order import expire_order
from orders.services.place_order import LimitReached, PriceChanged, Refused, place_order
from orders.services.points.earn_points import note_earnings
from orders.services.points.points_rule import points_rule
from orders.services.request_refund import NothingToRefund, request_refund
from tests.factories.accounts import make_user
from tests.factories.catalog import make_sku
from tests.factories.orders import item, order_of, pay, wanted
from tests.factories.points import give, make_rule
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("committed")
ORDERS = 32
ANN = "usr_ANN"


@pytest.fixture(autouse=True)
def _quiet(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    settings.TEST_HOOKS = True
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget):
        forget()


@pytest.fixture
def good(_quiet: None) -> Sku:
    return make_sku(kind="topup", price_minor=9000, cost_minor=1)


def storm(good: Sku) -> int:
    """A hundred points, spent by 32 orders of sixty at once; returns how many got them."""
    give(ANN, 100)
    rules = tuple(points_rule(owner=ANN, asked=60, now=clock.now()))
    forms = [
        wanted(item(good), owner=ANN, rules=rules, contact=f"p{n}@example.com")
        for n in range(ORDERS)
    ]

    def order(form: Any) -> None:
        try:
            place_order(wanted=form, now=clock.now(), acting="test")
        except (PriceChanged, LimitReached, Refused):
            return

    crowd(order, forms)
    return PointsPayment.objects.count()


def sound() -> list[str]:
    return [str(one) for one in check_all(now=clock.now(), grace=0, only="INV-PO")]


def test_points_are_spent_once(good: Sku) -> None:
    assert storm(good) == 1
    assert Order.objects.count() == 1
    assert balance_of(ANN) == 40
    assert sound() == []


def test_without_the_guard_they_are_spent_again_and_again(good: Sku) -> None:
    """Negative control: what holding is for; the invariants see it."""
    with without("orders.points"):
        assert storm(good) > 1
    assert sound() != []


def test_what_is_told_sixteen_times_at_once_is_earned_once(good: Sku) -> None:
    make_rule()
    person = make_user()
    form = wanted(item(good), owner=person.public_id, user_id=person.pk)
    order = order_of(place_order(wanted=form, now=clock.now(), acting="test"))
    pay(order)

    def tell(_n: int) -> None:
        with step():
            note_earnings(order=order.public_id, now=clock.now())

    crowd(tell, range(16))
    assert balance_of(person.public_id) == 90
    assert sound() == []


def test_a_refund_and_an_order_at_once_lose_no_point(good: Sku) -> None:
    give(ANN, 100)
    first = [_bought(good, 25, f"f{n}@example.com") for n in range(4)]
    for order in first:
        pay(order)
    give(ANN, 50)
    rules = tuple(points_rule(owner=ANN, asked=50, now=clock.now()))
    last = wanted(item(good), owner=ANN, rules=rules)

    def act(what: Any) -> None:
        try:
            if isinstance(what, Order):
                request_refund(order=what.public_id, now=clock.now(), acting="test", reason="test")
            else:
                place_order(wanted=what, now=clock.now(), acting="test")
        except NothingToRefund:
            return

    crowd(act, [*first, last, *first])
    assert balance_of(ANN) == 100
    assert sound() == []


def test_closing_and_paying_at_once_hold_or_give_back_never_both(good: Sku) -> None:
    give(ANN, 100)
    order = _bought(good, 100, "a@example.com")
    at = order.expires_at + timedelta(seconds=1)

    def act(n: int) -> None:
        if n % 2:
            pay(order, now=at)
        else:
            expire_order(order=order.public_id, now=at)

    crowd(act, range(8))
    assert balance_of(ANN) == 0
    assert PointsPayment.objects.get().state == "held"


def _bought(good: Sku, points: int, contact: str) -> Order:
    rules = tuple(points_rule(owner=ANN, asked=points, now=clock.now()))
    form = wanted(item(good), owner=ANN, rules=rules, contact=contact)
    return order_of(place_order(wanted=form, now=clock.now(), acting="test"))
