"""Refunding any units in any order gives back exactly the money and the points that were paid."""

import itertools
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import clock
from core.invariants import check_all
from core.ledger import balance
from core.money import split_minor
from orders.models import Order, PointsLot, PointsPayment, RefundLine
from orders.queries.points import balance_of
from orders.queries.units import unit_states
from orders.services.place_order import place_order
from orders.services.points_shares import unit_points
from orders.services.request_refund import NothingToRefund, request_refund
from tests.factories.catalog import make_sku
from tests.factories.orders import item, order_of, pay
from tests.factories.points import give, wanted_with_points
from tests.factories.promotions import make_promotion

# Twenty baskets with the database in the suite, up to 200 with PROMOTION_CASES.
CASES = int(os.environ.get("PROMOTION_CASES", "0"))


@settings(max_examples=CASES or 2000, deadline=None)
@given(
    points=st.integers(1, 100_000),
    lines=st.lists(
        st.tuples(st.integers(0, 50_000), st.integers(1, 9)), min_size=1, max_size=6
    ).filter(lambda lines: any(amount for amount, _ in lines)),
)
def test_shares_of_lines_and_units_lose_no_point(points: int, lines: list[tuple[int, int]]) -> None:
    shares = split_minor(points, [amount for amount, _ in lines])
    assert sum(shares) == points
    for share, (_amount, quantity) in zip(shares, lines, strict=True):
        units = [unit_points(share, quantity, unit) for unit in range(1, quantity + 1)]
        assert sum(units) == share
        assert max(units) - min(units) <= 1


@pytest.mark.django_db
def test_any_units_in_any_order_give_back_what_they_cost() -> None:
    first = make_sku(kind="topup", price_minor=997, cost_minor=1)
    second = make_sku(kind="topup", price_minor=331, cost_minor=1)
    make_promotion("amount_off", {"steps": [[0, 77]]})
    numbers = itertools.count(1)

    @settings(
        max_examples=min(CASES or 20, 200), deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        units=st.tuples(st.integers(1, 3), st.integers(1, 3)), points=st.integers(1, 900),
        picks=st.lists(st.integers(0, 5), unique=True),
    )  # fmt: skip
    def refunded(units: tuple[int, int], points: int, picks: list[int]) -> None:
        owner = f"usr_{next(numbers)}"
        give(owner, points // 2, days=9)
        give(owner, points - points // 2, days=30)
        form = wanted_with_points(owner, points, item(first, units[0]), item(second, units[1]))
        order = order_of(place_order(wanted=form, now=clock.now(), acting="test"))
        payment = PointsPayment.objects.get(order=order)
        pay(order)
        opened = [state.delivery for state in unit_states(order.public_id)]
        turns = [opened[n] for n in picks if n < len(opened)]
        for delivery in turns:
            _refund(order.public_id, [delivery])
        money, share = _cost(turns, payment)
        assert _back(order) == money
        assert balance_of(owner) == points - payment.points + share
        for delivery in opened:
            _refund(order.public_id, [delivery])
        assert _back(order) == order.total_minor
        assert balance_of(owner) == points
        assert all(lot.points == lot.left for lot in PointsLot.objects.filter(owner=owner))
        assert balance("order_obligation", subject=order.public_id) == 0

    refunded()
    assert not check_all(now=clock.now(), grace=0, only="INV-PO")


def _refund(order: str, deliveries: list[str]) -> None:
    try:
        request_refund(
            order=order, now=clock.now(), acting="test", reason="test", deliveries=deliveries
        )
    except NothingToRefund:
        return


def _back(order: Order) -> int:
    """Money that went back for units of an order, in minor units."""
    rows = RefundLine.objects.filter(line__order=order)
    return sum(rows.values_list("amount_minor", flat=True))


def _cost(deliveries: list[str], payment: PointsPayment) -> tuple[int, int]:
    """Money and points of these units, by the shares of their lines."""
    money = points = 0
    for state in unit_states(payment.order.public_id):
        if state.delivery in deliveries:
            line = payment.order.lines.get(public_id=state.line)
            money += split_minor(line.paid_minor, [1] * line.quantity)[state.unit - 1]
            share = payment.shares.get(line.public_id, 0)
            points += unit_points(share, line.quantity, state.unit)
    return money, points
