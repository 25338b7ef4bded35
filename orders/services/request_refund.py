"""Ask for money to go back: the row and the liability come first, the provider later.

Next: `push_refund.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core import audit, transitions, wake
from core.faults import guard_off
from core.ids import new_id, new_number
from core.money import split_minor
from core.tx import part, step
from fulfillment.services.cancel_delivery import cancel_delivery
from fulfillment.services.release import release
from orders import postings
from orders.models import Order, OrderLine, OrderWait, Payment, Refund, RefundLine
from orders.models.refund import RefundKind
from orders.queries.orders import claimed_minor, lock_applied_payment, lock_order
from orders.queries.units import unit_states
from orders.services.balance.pay_balance import balance_part, return_balance
from orders.services.derive_order import derive_order
from orders.services.groups.leave_seat import leave_seat
from orders.services.points.pay_points import return_points
from orders.services.unit_entries import taken_back_entries
from orders.states import OrderState, RefundState, WaitState

PUSH_REFUND_TASK = "orders.push_refund"
REFUNDABLE = frozenset(
    {
        OrderState.PAID,
        OrderState.WAITING_STOCK,
        OrderState.FULFILLING,
        OrderState.PARTIALLY_DELIVERED,
        OrderState.FAILED,
        OrderState.DELIVERED,
    }
)
# Paid, and nothing opened yet: an `OrderWait` stands in the way.
WAITING = frozenset({OrderState.PAID, OrderState.WAITING_STOCK})


class NothingToRefund(Exception):
    """Every unit is delivered, on its way beyond recall, or refunded already."""


class ExceedsPayment(Exception):
    """The refunds of a payment would sum to more than was paid."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of a line: its delivery (empty before any was opened) and what was paid for it."""

    line: OrderLine
    unit: int
    delivery: str
    amount_minor: int


def request_refund(
    *,
    order: str,
    now: datetime,
    acting: str,
    reason: str,
    deliveries: Sequence[str] | None = None,
) -> Refund | None:
    """Refund undelivered units of a paid order: all that can be taken back, or those named.

    Each unit is taken off the road first; a unit that is delivered or with a supplier stays. The
    amount is what was paid for the units, in minor units. Returns the refund, or None when the
    units had cost nothing. Raises NothingToRefund, ExceedsPayment, Order.DoesNotExist.
    Source: O5, R-PAY-9, D08.
    """
    with step():
        return request_refund_in_step(
            order=order, now=now, acting=acting, reason=reason, deliveries=deliveries
        )


@part
def request_refund_in_step(
    *,
    order: str,
    now: datetime,
    acting: str,
    reason: str,
    deliveries: Sequence[str] | None = None,
) -> Refund | None:
    """`request_refund` inside a step of the caller."""
    row = lock_order(order)
    if row is None:
        raise Order.DoesNotExist(order)
    if row.state not in REFUNDABLE:
        raise NothingToRefund(row.state)
    payment = lock_applied_payment(row)
    if payment is None:
        raise NothingToRefund("not paid")
    lines = list(row.lines.order_by("position"))
    if row.state in WAITING:
        units = _unopened(row, lines, now, acting, reason)
    else:
        units = _taken_off_the_road(row, lines, deliveries, now, acting, reason)
    if not units:
        raise NothingToRefund(row.state)
    refund = _open(
        payment, row, units, kind=RefundKind.UNDELIVERED, source=postings.OBLIGATION,
        reason=reason, by=acting, now=now,
    )  # fmt: skip
    derive_order(row, now=now, acting=acting, why=reason)
    audit.record(
        tag="order:refund_requested", by=acting, subject=row.public_id, now=now,
        after={"refund": refund.public_id if refund else "", "units": len(units), "reason": reason},
    )  # fmt: skip
    return refund


def _unopened(
    order: Order, lines: Sequence[OrderLine], now: datetime, acting: str, reason: str
) -> list[Unit]:
    """A paid order that waits: nothing was opened, everything goes back, its seat is free."""
    leave_seat(order, now=now)
    release(reference=order.public_id, now=now, why="refunded", by=acting)
    for wait in OrderWait.objects.filter(order=order, state=WaitState.OPEN):
        ended = WaitState.EXPIRED if wait.deadline <= now else WaitState.CANCELLED
        transitions.move(
            OrderWait, wait.pk, from_=[WaitState.OPEN], to=ended, now=now, by=acting, why=reason,
            ended_at=now,
        )  # fmt: skip
    units = [
        Unit(line, unit, "", amount)
        for line in lines
        for unit, amount in enumerate(unit_amounts(line), start=1)
    ]
    for line in lines:
        OrderLine.objects.filter(pk=line.pk).update(gone=line.quantity)
    return units


def _taken_off_the_road(
    order: Order,
    lines: Sequence[OrderLine],
    deliveries: Sequence[str] | None,
    now: datetime,
    acting: str,
    reason: str,
) -> list[Unit]:
    by_line = {line.public_id: line for line in lines}
    done = set(RefundLine.objects.filter(line__order=order).values_list("line_id", "unit"))
    units: list[Unit] = []
    for unit in unit_states(order.public_id):
        line = by_line[unit.line]
        named = deliveries is None or unit.delivery in deliveries
        over = unit.state == "delivered" or unit.canceled or (line.pk, unit.unit) in done
        if not named or over:
            continue
        if not cancel_delivery(delivery=unit.delivery, now=now, by=acting, why=reason):
            continue
        units.append(Unit(line, unit.unit, unit.delivery, unit_amounts(line)[unit.unit - 1]))
        counted = line.failed > 0 and unit.state == "failed"
        line.failed, line.gone = line.failed - counted, line.gone + 1
        OrderLine.objects.filter(pk=line.pk).update(failed=line.failed, gone=line.gone)
    return units


def unit_amounts(line: OrderLine) -> list[int]:
    """What was paid for each unit of a line, in minor units; the parts sum to the line."""
    return split_minor(line.paid_minor, [1] * line.quantity)


@part
def open_delivered_refund(
    *, order: Order, payment: Payment, units: Sequence[Unit], approval: str, reason: str,
    by: str, now: datetime,
) -> Refund | None:  # fmt: skip
    """Refund units that had been delivered; two persons have agreed (`approval`)."""
    for unit in units:
        for entry in taken_back_entries(
            unit.line, unit=unit.unit, delivery=unit.delivery, order=order.public_id
        ):
            postings.post(entry, now=now)
    return _open(
        payment, order, units, kind=RefundKind.DELIVERED, source=postings.REVENUE,
        reason=reason, by=by, now=now, approval=approval,
    )  # fmt: skip


@part
def open_unit_refund(
    *, order: Order, payment: Payment, unit: Unit, reason: str, now: datetime
) -> Refund | None:
    """Refund one unit that its supplier took back; what was paid for it is owed to the buyer."""
    return _open(
        payment, order, [unit], kind=RefundKind.UNDELIVERED, source=postings.OBLIGATION,
        reason=reason, by="system", now=now,
    )  # fmt: skip


@part
def open_whole_refund(
    *,
    payment_pk: int,
    order_pk: int,
    order: str,
    amount_minor: int,
    currency: str,
    kind: str,
    now: datetime,
) -> Refund:
    """Send back a whole payment that pays for nothing: it came late, or was the second one."""
    refund = _new_refund(
        payment_pk=payment_pk, order_pk=order_pk, amount_minor=amount_minor, currency=currency,
        kind=kind, source=postings.UNALLOCATED, reason=str(RefundKind(kind).label), by="system",
        approval="", now=now,
    )  # fmt: skip
    postings.post(
        postings.refund_requested(
            refund=refund.public_id, order=order, source=postings.UNALLOCATED,
            amount_minor=amount_minor, currency=currency,
        ),
        now=now,
    )  # fmt: skip
    return refund


def _open(  # noqa: PLR0913
    payment: Payment,
    order: Order,
    units: Iterable[Unit],
    *,
    kind: str,
    source: str,
    reason: str,
    by: str,
    now: datetime,
    approval: str = "",
) -> Refund | None:
    """The refund with its units and its liability; None when the units had cost nothing."""
    chosen = list(units)
    return_points(order, chosen, now=now)
    amount = sum(unit.amount_minor for unit in chosen)
    if not amount:
        return None
    balance = balance_part(order, chosen)
    too_much = claimed_minor(payment) + amount - balance > payment.amount_minor
    if too_much and not guard_off("orders.refund_sum"):
        raise ExceedsPayment(payment.public_id)
    refund = _new_refund(
        payment_pk=payment.pk, order_pk=order.pk, amount_minor=amount - balance,
        balance_minor=balance, currency=payment.currency, kind=kind, source=source, reason=reason,
        by=by, approval=approval, now=now,
    )  # fmt: skip
    RefundLine.objects.bulk_create(
        RefundLine(
            refund=refund, line=unit.line, delivery=unit.delivery, unit=unit.unit,
            amount_minor=unit.amount_minor,
        )
        for unit in chosen
    )  # fmt: skip
    postings.post(
        postings.refund_requested(
            refund=refund.public_id, order=order.public_id, source=source,
            amount_minor=refund.amount_minor, currency=payment.currency,
        ),
        now=now,
    )  # fmt: skip
    return_balance(refund, order=order.public_id, now=now)
    wake.poke(PUSH_REFUND_TASK)
    return refund


def _new_refund(  # noqa: PLR0913
    *,
    payment_pk: int,
    order_pk: int,
    amount_minor: int,
    currency: str,
    kind: str,
    source: str,
    reason: str,
    by: str,
    approval: str,
    now: datetime,
    balance_minor: int = 0,
) -> Refund:
    """Written as asked for and approved at once: who may ask was decided by the caller."""
    refund = Refund.objects.create(
        public_id=new_id("rfd"),
        number=new_number("R"),
        payment_id=payment_pk,
        order_id=order_pk,
        kind=kind,
        amount_minor=amount_minor,
        balance_minor=balance_minor,
        currency=currency,
        source_account=source,
        reason=reason[:200],
        by=by[:48],
        approval=approval,
        state=RefundState.REQUESTED,
        state_at=now,
        created_at=now,
        not_before=now,
    )
    transitions.begin(
        entity="refund", subject=refund.public_id, state=RefundState.REQUESTED, now=now, by=by,
        why=reason,
    )  # fmt: skip
    transitions.move(
        Refund, refund.pk, from_=[RefundState.REQUESTED], to=RefundState.APPROVED, now=now, by=by,
        why=approval or "by rule", state_at=now,
    )  # fmt: skip
    refund.state = RefundState.APPROVED
    return refund
