"""Refunding any units in any order gives back exactly what was paid: money, points, coupon, budgets.

Eight baskets with the database in the suite; `REFUND_CASES=1000` for as many as that.
"""

import itertools
import os
from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Sku
from core import clock, transitions
from core.invariants import check_all
from core.ledger import balance
from core.models.counts import LimitCount
from core.money import split_minor
from orders.models import Coupon, Order, PointsLot, PointsPayment, Promotion, Refund, RefundLine
from orders.payments.base import RefundAnswer, Return
from orders.queries.points import balance_of
from orders.queries.units import unit_states
from orders.services.place_order import place_order
from orders.services.points.points_shares import unit_points
from orders.services.push_refund import record_refund_answer
from orders.services.request_refund import NothingToRefund, request_refund
from orders.states import CouponState, OrderState, RefundState
from tests.factories.catalog import make_sku
from tests.factories.coupons import coupon_promotion, make_campaign, make_coupon
from tests.factories.orders import item, order_of, pay
from tests.factories.points import give, wanted_with_points
from tests.factories.promotions import make_promotion
from tests.orders.promotions.dice import Dice

SHARES = int(os.environ.get("REFUND_CASES", "2000"))
CASES = int(os.environ.get("REFUND_CASES", "8"))
_numbers = itertools.count(1)


@settings(max_examples=SHARES, deadline=None, database=None)
@given(st.binary(min_size=64, max_size=64))
def test_shares_of_lines_and_units_lose_no_point(data: bytes) -> None:
    dice = Dice(data)
    points, number = dice.number(1, 100_000), dice.number(1, 6)
    amounts = [dice.number(1, 50_000), *(dice.number(0, 50_000) for _ in range(number - 1))]
    for share in _shared(points, amounts):
        quantity = dice.number(1, 9)
        units = [unit_points(share, quantity, unit) for unit in range(1, quantity + 1)]
        assert sum(units) == share
        assert max(units) - min(units) <= 1


def _shared(points: int, amounts: list[int]) -> list[int]:
    shares = split_minor(points, amounts)
    assert sum(shares) == points
    assert all(share == 0 for share, amount in zip(shares, amounts, strict=True) if not amount)
    return shares


class Shop:
    """Two goods, of which a person may have so many; offers with every kind of budget; coupons."""

    def __init__(self) -> None:
        self.goods = [self._good(997), self._good(331)]
        make_promotion("percent_off", {"off_bp": 700}, most_per_person=3)
        make_promotion("amount_off", {"steps": [[0, 77]]}, most_uses=10**6, most_minor=10**9)
        # The first takes from under the floor, out of its subsidy; its coupons stay used.
        self.kept = self._coupons({"steps": [[0, 600]]}, back=False, subsidy_minor=10**9)
        self.back = self._coupons({"steps": [[500, 133]]}, back=True, most_minor=10**9)

    def coupons(self, name: str) -> Promotion | None:
        return {"kept": self.kept, "back": self.back}.get(name)

    @staticmethod
    def _good(price: int) -> Sku:
        return make_sku(
            kind="topup",
            price_minor=price,
            cost_minor=price // 2,
            limit_per_buyer=20,
            limit_per_day=20,
        )

    @staticmethod
    def _coupons(params: dict[str, list[list[int]]], *, back: bool, **more: int) -> Promotion:
        made = coupon_promotion(params, **more)
        make_campaign(made, back_on_refund=back)
        return made


@pytest.mark.django_db
def test_any_units_in_any_order_give_back_what_they_cost() -> None:
    shop = Shop()
    # Some units, in some order, some of them together; then whatever is left.
    some = st.lists(st.frozensets(st.integers(0, 5), min_size=1, max_size=3), max_size=4)

    @settings(
        max_examples=CASES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(
        units=st.tuples(st.integers(1, 3), st.integers(0, 3)), points=st.integers(0, 900),
        coupon=st.sampled_from(["", "kept", "back"]), picks=some,
    )  # fmt: skip
    def refunded(
        units: tuple[int, int], points: int, coupon: str, picks: list[frozenset[int]]
    ) -> None:
        _refund_all(Basket(shop, units, points, coupon), picks)

    refunded()
    for only in ("INV-PO", "INV-PR", "INV-CP", "INV-L"):
        assert not check_all(now=clock.now(), grace=0, only=only)


class Basket:
    """A paid order with points and a coupon, and what was there before it."""

    def __init__(self, shop: Shop, units: tuple[int, int], points: int, coupon: str) -> None:
        self.owner, self.points = f"usr_{next(_numbers)}", points
        self.before = _counts()
        if points:
            give(self.owner, points - points // 2, days=30)
        if points // 2:
            give(self.owner, points // 2, days=9)
        promotion = shop.coupons(coupon)
        self.coupon: Coupon | None = make_coupon(promotion, self.owner) if promotion else None
        self.comes_back = coupon == "back"
        wanted = [item(good, n) for good, n in zip(shop.goods, units, strict=True) if n]
        form = wanted_with_points(self.owner, points, *wanted)
        self.order = order_of(place_order(wanted=form, now=clock.now(), acting="test"))
        pay(self.order)
        self.payment = PointsPayment.objects.filter(order=self.order).first()
        self.held = self.coupon is not None and self._coupon_state() == CouponState.USED
        self.taken = _counts()

    def _coupon_state(self) -> str:
        assert self.coupon is not None
        self.coupon.refresh_from_db()
        return self.coupon.state

    def is_owed_only(self, deliveries: Iterable[str]) -> None:
        """Just these units came back; coupon and budgets stay with the order."""
        money, share = _cost(self.order, deliveries, self.payment)
        used = self.payment.points if self.payment else 0
        assert _back(self.order) == money
        assert balance_of(self.owner) == self.points - used + share
        assert _counts() == self.taken
        if self.held:
            assert self._coupon_state() == CouponState.USED

    def is_as_before(self) -> None:
        """Everything came back, and the coupon if its campaign says so."""
        self.order.refresh_from_db()
        assert self.order.state == OrderState.REFUNDED
        assert _back(self.order) == self.order.total_minor
        assert balance_of(self.owner) == self.points
        lots = PointsLot.objects.filter(owner=self.owner)
        assert all(lot.points == lot.left for lot in lots)
        assert _counts() == self.before
        if self.coupon is not None:
            kept = self.held and not self.comes_back
            assert self._coupon_state() == (CouponState.USED if kept else CouponState.CLAIMED)
        for account in ("order_obligation", "promotion_subsidy"):
            assert balance(account, subject=self.order.public_id) == 0


def _refund_all(basket: Basket, picks: list[frozenset[int]]) -> None:
    order = basket.order.public_id
    opened = [state.delivery for state in unit_states(order)]
    gone: list[str] = []
    for pick in picks:
        named = [opened[n] for n in sorted(pick) if n < len(opened)]
        _refund(order, named)
        gone += [one for one in named if one not in gone]
        if len(gone) < len(opened):
            basket.is_owed_only(gone)
    for delivery in opened:
        _refund(order, [delivery])
    basket.is_as_before()


def _refund(order: str, deliveries: list[str]) -> None:
    """Ask for it, and let the provider say that the money is back; once more changes nothing."""
    now = clock.now()
    try:
        refund = request_refund(
            order=order, now=now, acting="test", reason="test", deliveries=deliveries
        )
    except NothingToRefund:
        return
    if refund is None:
        return
    transitions.move(
        Refund, refund.pk, from_=[RefundState.APPROVED], to=RefundState.SUBMITTED, now=now,
        by="worker", state_at=now,
    )  # fmt: skip
    answer = RefundAnswer(Return.SUCCEEDED, refund.amount_minor, refund.currency, txn=refund.number)
    for _twice in range(2):
        record_refund_answer(refund=refund.public_id, number=refund.number, answer=answer, now=now)


def _counts() -> dict[str, int]:
    """What is taken of every counted limit and budget."""
    taken = LimitCount.objects.filter(expires_at=None, used__gt=0)
    return dict(taken.values_list("key", "used"))


def _back(order: Order) -> int:
    """Money that went back for units of an order, in minor units."""
    rows = RefundLine.objects.filter(line__order=order)
    return sum(rows.values_list("amount_minor", flat=True))


def _cost(
    order: Order, deliveries: Iterable[str], payment: PointsPayment | None
) -> tuple[int, int]:
    """Money and points of these units, by the shares of their lines."""
    money = points = 0
    lines = {line.public_id: line for line in order.lines.all()}
    for state in unit_states(order.public_id):
        if state.delivery in deliveries:
            line = lines[state.line]
            money += split_minor(line.paid_minor, [1] * line.quantity)[state.unit - 1]
            share = payment.shares.get(line.public_id, 0) if payment else 0
            points += unit_points(share, line.quantity, state.unit)
    return money, points
