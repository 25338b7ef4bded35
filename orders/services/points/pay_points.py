"""The part of an order that is paid with points: held when it is placed, spent when it is paid.

They come back to the lots they came from when the order closes, and unit by unit when units are
refunded. Every verb here is a part of the step that moves the order, whose row is locked there.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from django.db.models import F

from core import transitions
from core.faults import guard_off
from core.ledger import FloorBreached
from core.tx import part
from orders.models import Order, OrderLine, PointsLot, PointsPayment, PointsPiece
from orders.queries.placing import NewOrder
from orders.services.limit_reached import PromotionUsedUp
from orders.services.points.points_book import (
    HELD,
    SPENT,
    account,
    cut,
    lock_points,
    move,
    usable_lots,
)
from orders.services.points.points_shares import paid_with_points, unit_points
from orders.states import PointsPaymentState as State


class RefundedUnit(Protocol):
    """One unit of a line (numbered from 1) that goes back."""

    @property
    def line(self) -> OrderLine: ...
    @property
    def unit(self) -> int: ...


@part
def hold_points(new: NewOrder, *, now: datetime) -> bool:
    """Hold the points that the price of a new order counts on; False when it counts on none.

    Raises PromotionUsedUp when they are not there (any more): the price
    that was shown is not the price.
    """
    paid = paid_with_points(new)
    if paid is None or not paid.points:
        return False
    if not new.owner:
        raise PromotionUsedUp("points need a person")
    order_id = Order.objects.values_list("pk", flat=True).get(public_id=new.public_id)
    payment = PointsPayment.objects.create(
        order_id=order_id, owner=new.owner, points=paid.points, amount_minor=paid.amount_minor,
        shares=paid.shares, state_at=now, created_at=now,
    )  # fmt: skip
    _take(payment, new.public_id, now)
    return True


@part
def hold_points_again(order_pk: int, *, now: datetime) -> bool:
    """Late money is honoured: what had been given back is held again. Raises PromotionUsedUp."""
    rows = PointsPayment.objects.filter(order_id=order_pk, state=State.RELEASED)
    payment = rows.select_related("order").first()
    if payment is None:
        return False
    payment.turn += 1
    transitions.move(
        PointsPayment, payment.pk, from_=[State.RELEASED], to=State.HELD, now=now, by="system",
        why="late money", state_at=now, turn=payment.turn,
    )  # fmt: skip
    _take(payment, payment.order.public_id, now)
    return True


@part
def release_points(order: Order, *, now: datetime, why: str) -> bool:
    """The order came to nothing: its points are its buyer's again."""
    payment = PointsPayment.objects.filter(order=order, state=State.HELD).first()
    if payment is None:
        return False
    lock_points(payment.owner)
    if not transitions.move(
        PointsPayment, payment.pk, from_=[State.HELD], to=State.RELEASED, now=now, by="system",
        why=why, state_at=now,
    ):  # fmt: skip
        return False
    _give(payment, payment.points)
    move(
        key=f"points.released:{payment.public_id}:{payment.turn}", kind="points.released", to=HELD,
        out=account(payment.owner), points=payment.points, subject=order.public_id, now=now,
    )  # fmt: skip
    return True


@part
def spend_points(order: Order, *, now: datetime) -> bool:
    """The order is paid: what was held is spent; False when there is nothing to spend."""
    payment = PointsPayment.objects.filter(order=order, state=State.HELD).first()
    if payment is None:
        return False
    return _spend(payment, order.public_id, now)


@part
def return_points(order: Order, units: Iterable[RefundedUnit], *, now: datetime) -> int:
    """Give back what points paid for these units, each unit once; returns how many points.

    They go to the lots they came from and end when those end.
    """
    payment = PointsPayment.objects.filter(order=order).exclude(state=State.RELEASED).first()
    if payment is None:
        return 0
    lock_points(payment.owner)
    if payment.state == State.HELD:
        # The fact that it is paid has not been heard yet; a refund knows.
        _spend(payment, order.public_id, now)
    back = 0
    for one in units:
        share = payment.shares.get(one.line.public_id, 0)
        points = unit_points(share, one.line.quantity, one.unit)
        key = f"points.returned:{one.line.public_id}:{one.unit}"
        if points and move(
            key=key, kind="points.returned", to=SPENT, out=account(payment.owner), points=points,
            subject=order.public_id, now=now,
        ):  # fmt: skip
            back += points
    if back:
        PointsPayment.objects.filter(pk=payment.pk).update(returned=F("returned") + back)
        _give(payment, back)
    return back


def _take(payment: PointsPayment, order: str, now: datetime) -> None:
    """Cut the points out of lots, the first to end first. Raises PromotionUsedUp."""
    if guard_off("orders.points"):
        return
    lock_points(payment.owner)
    pieces = cut(usable_lots(payment.owner, now=now), payment.points)
    if sum(piece for _lot, piece in pieces) < payment.points:
        raise PromotionUsedUp("not enough points")
    for lot, piece in pieces:
        PointsLot.objects.filter(pk=lot.pk).update(left=F("left") - piece)
    PointsPiece.objects.bulk_create(
        PointsPiece(payment=payment, lot=lot, points=piece) for lot, piece in pieces
    )
    try:
        move(
            key=f"points.held:{payment.public_id}:{payment.turn}", kind="points.held",
            to=account(payment.owner), out=HELD, points=payment.points, subject=order, now=now,
        )  # fmt: skip
    except FloorBreached as gone:
        raise PromotionUsedUp("not enough points") from gone


def _spend(payment: PointsPayment, order: str, now: datetime) -> bool:
    if not transitions.move(
        PointsPayment, payment.pk, from_=[State.HELD], to=State.SPENT, now=now, by="system",
        why="paid", state_at=now,
    ):  # fmt: skip
        return False
    return move(
        key=f"points.spent:{payment.public_id}", kind="points.spent", to=HELD, out=SPENT,
        points=payment.points, subject=order, now=now,
    )  # fmt: skip


def _give(payment: PointsPayment, points: int) -> None:
    """Put points back where they came from, into what ends last first."""
    pieces = payment.pieces.filter(points__gt=F("returned"))
    left = points
    for piece in pieces.order_by("-id"):
        back = min(left, piece.points - piece.returned)
        PointsPiece.objects.filter(pk=piece.pk).update(returned=F("returned") + back)
        PointsLot.objects.filter(pk=piece.lot_id).update(left=F("left") + back)
        left -= back
        if not left:
            return
