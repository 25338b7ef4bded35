"""Points: earned once, spent by lots, back to where they came from; the books always say so."""

from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.invariants import check_all
from core.ledger import balance
from core.tx import step
from orders.models import Order, PointsEarning, PointsLot, PointsPayment
from orders.queries.points import balance_of, usable_points
from orders.services.close_order import expire_order
from orders.services.place_order import PriceChanged, place_order
from orders.services.points.earn_points import credit_points, earned, note_earnings
from orders.services.points.expire_points import expire_points
from orders.services.points.points_book import OWED, account, grant_points, take_points
from orders.services.points.points_rule import exchange_rule
from orders.services.push_refund import push_refunds
from orders.services.request_refund import request_refund
from orders.states import OrderState
from simulators.localpay.script import Gateway
from tests.factories.accounts import make_user
from tests.factories.catalog import make_sku
from tests.factories.orders import item, order_of, pay, relay_all, stocked, wanted
from tests.factories.points import give, make_rule, wanted_with_points

pytestmark = pytest.mark.django_db
ANN = "usr_ANN"


def sound() -> list[str]:
    return [str(one) for one in check_all(now=clock.now(), grace=0, only="INV-P")]


def buy(owner: str, points: int, *items: Any, **more: Any) -> Order:
    form = wanted_with_points(owner, points, *items, **more)
    return order_of(place_order(wanted=form, now=clock.now(), acting="test"))


def test_part_of_an_order_is_paid_with_points_and_the_books_say_so() -> None:
    give(ANN, 700)
    order = buy(ANN, 500, item(stocked(1, price_minor=1990)))
    assert order.total_minor == 1490
    assert (balance_of(ANN), balance("points_held", "PTS")) == (200, -500)
    assert sound() == []
    pay(order)
    relay_all()
    assert PointsPayment.objects.get().state == "spent"
    assert (balance("points_held", "PTS"), balance("points_spent", "PTS")) == (0, -500)
    # The books of money know the money that was paid, and nothing else.
    assert balance("revenue", subject=order.public_id) == -1490
    assert sound() == []


@pytest.mark.parametrize(("has", "asks", "uses"), [(5000, 5000, 995), (300, 999, 300), (10, 0, 0)])
def test_no_more_than_the_cap_and_than_there_is(has: int, asks: int, uses: int) -> None:
    give(ANN, has)
    order = buy(ANN, asks, item(stocked(1, price_minor=1990)))
    assert order.total_minor == 1990 - uses
    assert balance_of(ANN) == has - uses


def test_what_ends_first_is_spent_first_and_goes_back_where_it_came_from() -> None:
    give(ANN, 100, days=90, key="late")
    give(ANN, 100, days=10, key="soon")
    order = buy(ANN, 150, item(stocked(1, price_minor=1990)))
    left = dict(PointsLot.objects.values_list("key", "left"))
    assert left == {"late": 50, "soon": 0}
    expire_order(order=order.public_id, now=order.expires_at + timedelta(seconds=1))
    assert dict(PointsLot.objects.values_list("key", "left")) == {"late": 100, "soon": 100}
    assert balance_of(ANN) == 200
    assert sound() == []


def test_late_money_takes_them_again_or_goes_back() -> None:
    give(ANN, 100)
    sku = stocked(3, price_minor=1990)
    late = buy(ANN, 100, item(sku))
    at = late.expires_at + timedelta(seconds=1)
    expire_order(order=late.public_id, now=at)
    assert pay(late, now=at).result == "late_honoured"
    relay_all()
    assert (balance_of(ANN), PointsPayment.objects.get().turn) == (0, 2)
    assert sound() == []


def test_late_money_goes_back_when_the_points_are_gone() -> None:
    give(ANN, 100)
    sku = stocked(3, price_minor=1990)
    late = buy(ANN, 100, item(sku))
    at = late.expires_at + timedelta(seconds=1)
    expire_order(order=late.public_id, now=at)
    with step():
        take_points(owner=ANN, points=40, key="x", kind="points.correction", subject="", now=at)
    assert pay(late, now=at).result == "late_refunded"
    assert balance_of(ANN) == 60
    assert sound() == []


def test_points_that_went_meanwhile_change_the_price_and_leave_nothing() -> None:
    give(ANN, 100)
    form = wanted_with_points(ANN, 100, item(stocked(1, price_minor=1990)))
    with step():
        take_points(
            owner=ANN, points=1, key="x", kind="points.correction", subject="", now=clock.now()
        )
    with pytest.raises(PriceChanged):
        place_order(wanted=form, now=clock.now(), acting="test")
    assert not Order.objects.exists()
    assert balance_of(ANN) == 99


def test_a_good_for_points_alone_walks_the_same_road_without_money() -> None:
    from orders.models import PointsGood

    sku = stocked(2, price_minor=1990)
    good = PointsGood.objects.create(sku=sku, points=900, per_person=1, is_active=True)
    give(ANN, 2000)
    rules = (exchange_rule(good, sku.code, owner=ANN),)
    order = order_of(
        place_order(
            wanted=wanted(item(sku), owner=ANN, rules=rules, promotions=False, shown_unit_minor=1990),
            now=clock.now(), acting="test",
        )
    )  # fmt: skip
    assert (order.total_minor, balance_of(ANN)) == (0, 1100)
    pay(order)
    relay_all()
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    assert balance("points_spent", "PTS") == -900
    assert sound() == []
    with pytest.raises(PriceChanged):
        place_order(
            wanted=wanted(item(sku), owner=ANN, rules=rules, promotions=False, shown_unit_minor=1990),
            now=clock.now(), acting="test",
        )  # fmt: skip


def test_earned_once_however_often_it_is_told() -> None:
    make_rule(goods=["sku:GOLD"], multiplier_bp=20_000)
    person = make_user()
    order = order_of(
        place_order(
            wanted=wanted(
                item(stocked(2, code="GOLD", price_minor=1990), 2), item(stocked(1)),
                owner=person.public_id, user_id=person.pk,
            ),
            now=clock.now(), acting="test",
        )
    )  # fmt: skip
    pay(order)
    for _ in range(16):
        with step():
            note_earnings(order=order.public_id, now=clock.now())
    relay_all()
    assert (balance_of(person.public_id), PointsLot.objects.count()) == (79, 1)
    assert sound() == []


def test_they_wait_for_the_refund_window() -> None:
    make_rule(wait_days=7)
    person = make_user()
    form = wanted(item(stocked(1, price_minor=1990)), owner=person.public_id, user_id=person.pk)
    order = order_of(place_order(wanted=form, now=clock.now(), acting="test"))
    pay(order)
    relay_all()
    assert balance_of(person.public_id) == 0
    later = PointsEarning.objects.get().due_at
    assert credit_points(now=later - timedelta(seconds=1)) == 0
    assert credit_points(now=later) == 1
    assert credit_points(now=later) == 0
    assert balance_of(person.public_id) == 19


def test_a_refund_takes_back_in_proportion_and_what_is_missing_is_owed(gateway: Gateway) -> None:
    make_rule(points=2)
    person = make_user()
    sku = make_sku(kind="topup", price_minor=1000)
    form = wanted(item(sku, 3), owner=person.public_id, user_id=person.pk)
    order = order_of(place_order(wanted=form, now=clock.now(), acting="test"))
    pay(order)
    with step():
        note_earnings(order=order.public_id, now=clock.now())
    assert balance_of(person.public_id) == 60
    with step():
        take_points(
            owner=person.public_id, points=50, key="gone", kind="points.correction", subject="",
            now=clock.now(),
        )  # fmt: skip
    request_refund(order=order.public_id, now=clock.now(), acting="test", reason="test")
    push_refunds(now=clock.now())
    relay_all()
    assert balance_of(person.public_id) == 0
    assert balance(account(person.public_id, OWED), "PTS") == 50
    give(person.public_id, 80)
    assert balance_of(person.public_id) == 30
    assert sound() == []


@pytest.mark.parametrize(
    ("rounding", "paid", "points"),
    [("down", 199, 1), ("half", 150, 2), ("half", 149, 1), ("up", 101, 2), ("up", 100, 1)],
)
def test_rounding(rounding: str, paid: int, points: int) -> None:
    rule = make_rule(rounding=rounding)
    assert earned(rule, paid, at=clock.now()) == points


def test_a_multiplier_holds_on_its_days_only() -> None:
    now = clock.now()
    rule = make_rule(
        multiplier_bp=30_000, multiplied_from=now, multiplied_until=now + timedelta(days=1)
    )
    at = [now - timedelta(seconds=1), now, now + timedelta(days=1)]
    assert [earned(rule, 1000, at=moment) for moment in at] == [10, 30, 10]


def test_lots_end_and_what_comes_back_to_them_ends_too() -> None:
    give(ANN, 100, days=1)
    order = buy(ANN, 60, item(stocked(1, price_minor=1990)))
    later = clock.now() + timedelta(days=1)
    assert expire_points(now=later) == 1
    assert usable_points(ANN, now=later) == balance_of(ANN) == 0
    expire_order(order=order.public_id, now=later)
    assert balance_of(ANN) == 60
    assert usable_points(ANN, now=later) == 0
    assert expire_points(now=later) == 1
    assert expire_points(now=later) == 0
    assert (balance_of(ANN), balance("points_expired", "PTS")) == (0, -100)
    assert sound() == []


def test_the_same_event_gives_once() -> None:
    for _ in range(3):
        give(ANN, 5, key="event")
    assert balance_of(ANN) == 5
    with step():
        assert not grant_points(
            owner=ANN, points=0, kind="correction", key="nothing", subject="", expires_at=None,
            now=clock.now(),
        )  # fmt: skip
