"""Road, step 6: money came. One transaction decides what it is for and opens the goods.

Before: `receive_notice.py`, or `query_payment.py` when no notice came. Next: the deliveries'
own road in `fulfillment/road.py`, and `complete_line.py` when their goods arrive.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction

from core import crypto, wake
from core.faults import crashpoint
from core.tx import part, step
from fulfillment.services.open_deliveries import open_deliveries
from fulfillment.units import Opened, OpenLine
from orders import postings
from orders.events import OrderCompleted, OrderPaid
from orders.models import OrderWait, Payment
from orders.models.notice import Outcome, Verdict
from orders.models.refund import RefundKind
from orders.models.wait import WaitKind
from orders.queries.confirming import (
    Locked,
    LockedLine,
    Settlement,
    lock_for_payment,
    settle,
)
from orders.queries.orders import bought_again
from orders.queries.subscriptions import still_pays
from orders.services.balance.pay_balance import spend_balance
from orders.services.coupons.hold_coupons import take_coupons_again, use_coupons
from orders.services.groups.pay_seat import must_wait
from orders.services.limits import take_limits_again
from orders.services.request_refund import open_whole_refund
from orders.services.set_aside import set_aside
from orders.services.tell_buyer import tell_waiting
from orders.services.unit_entries import delivered_entries
from orders.states import OrderState, PaymentState, derive
from risk.services.give_back import give_back

PUSH_REFUND_TASK = "orders.push_refund"
CANCELLED = "cancelled"
# Before the reference of a payment that two persons confirmed.
MANUAL = "manual:"


class Mismatch(Exception):
    """The receipt does not fit the payment; `verdict` is a value of orders.models.notice.Verdict."""

    def __init__(self, verdict: str) -> None:
        super().__init__(verdict)
        self.verdict = verdict


class Result(StrEnum):
    """What a success was good for."""

    PAID = "paid"
    LATE_HONOURED = "late_honoured"
    LATE_REFUNDED = "late_refunded"
    DUPLICATE = "duplicate"
    ALREADY = "already"
    CHARGED_TWICE = "charged_twice"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A success that has been verified. `amount_minor` in minor units of `currency`."""

    provider: str
    number: str
    amount_minor: int
    currency: str
    txn: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    result: Result
    order: str
    order_state: str


def confirm_payment(
    *, receipt: Receipt, now: datetime, acting: str, notice: int | None = None
) -> Confirmed:
    """Apply a verified success, once, however often and from wherever it is told.

    On time: the order is paid and its goods are opened; pool units are delivered here. Late (the
    order is closed): delivered if it came within LATE_PAYMENT_SECONDS of expiry, stock and purchase
    limits allow and the buyer did not cancel or buy again, else refunded in full. A second success on one order is
    refunded; one payment charged twice is set aside for people. Money is minor units. Raises
    Mismatch; then nothing has happened.
    Source: R-PAY-2, R-PAY-5, R-PAY-7; crash points CP02, CP12.
    """
    with step():
        return confirm_in_step(receipt=receipt, now=now, acting=acting, notice=notice)


@part
def confirm_in_step(
    *, receipt: Receipt, now: datetime, acting: str, notice: int | None = None
) -> Confirmed:
    """`confirm_payment` inside a step of the caller (an approval that two persons decided)."""
    locked = _lock_fitting(receipt)
    if locked.payment_state == PaymentState.SUCCEEDED:
        return _hear_again(locked, receipt, now)
    settlement = Settlement(
        locked=locked,
        txn=receipt.txn or locked.provider_txn,
        applied=False,
        order_state=locked.order_state,
        paid=False,
        notice=notice,
        outcome=Outcome.APPLIED.value,
    )
    if locked.order_state == OrderState.PENDING_PAYMENT:
        result = _pay(settlement, now)
    elif locked.order_state == OrderState.CLOSED:
        result = _pay_late(settlement, now)
    else:
        result = _pay_twice(settlement)
    if settlement.paid:
        settlement.entries += spend_balance(locked, now=now)
    settle(settlement, by=acting, now=now)
    _after(settlement, result, now)
    crashpoint("CP02")
    return Confirmed(result, locked.order, str(settlement.order_state))


def _hear_again(locked: Locked, receipt: Receipt, now: datetime) -> Confirmed:
    """A success told again has no effect; one by another transaction is money taken twice."""
    told, known = receipt.txn, locked.provider_txn
    by_hand = told.startswith(MANUAL) or known == f"{MANUAL}{told}"
    if not told or not known or told == known or by_hand:
        return Confirmed(Result.ALREADY, locked.order, locked.order_state)
    set_aside(
        payment=Payment.objects.get(pk=locked.payment_pk), verdict=Verdict.SECOND_TXN,
        amount_minor=receipt.amount_minor, currency=receipt.currency, txn=told, now=now,
    )  # fmt: skip
    return Confirmed(Result.CHARGED_TWICE, locked.order, locked.order_state)


def _lock_fitting(receipt: Receipt) -> Locked:
    locked = lock_for_payment(receipt.number)
    if locked is None:
        raise Mismatch("unknown_number")
    if locked.provider != receipt.provider:
        raise Mismatch("wrong_provider")
    if locked.currency != receipt.currency:
        raise Mismatch("wrong_currency")
    if locked.amount_minor != receipt.amount_minor:
        raise Mismatch("wrong_amount")
    return locked


def _pay(settlement: Settlement, now: datetime) -> Result:
    locked = settlement.locked
    settlement.applied = settlement.paid = True
    settlement.entries.append(
        postings.received(
            payment=locked.payment,
            provider=locked.provider,
            order=locked.order,
            amount_minor=locked.amount_minor,
            currency=locked.currency,
        )
    )
    if locked.has_coupons:
        use_coupons(order=locked.order, now=now, by="system")
    if locked.in_group and must_wait(order_pk=locked.order_pk, order=locked.order, now=now):
        settlement.order_state = OrderState.PAID
        settlement.why = "its group is not full"
    else:
        _open_or_wait(settlement, now)
    settlement.events.insert(0, _paid_event(locked, late=False))
    return Result.PAID


def _open_or_wait(settlement: Settlement, now: datetime) -> None:
    locked = settlement.locked
    opened = _open(locked, now)
    if opened.short:
        settlement.order_state = OrderState.WAITING_STOCK
        settlement.why = "stock is short"
        wait_for_stock(
            order_pk=locked.order_pk, order=locked.order, sku_ids=opened.short, now=now
        )  # fmt: skip
    else:
        _take_in(settlement, opened)


def _pay_late(settlement: Settlement, now: datetime) -> Result:
    """R-PAY-7: never kept. Delivered while that is still what the buyer wants, else sent back."""
    locked = settlement.locked
    settlement.entries.append(
        postings.received_unallocated(
            payment=locked.payment,
            provider=locked.provider,
            order=locked.order,
            amount_minor=locked.amount_minor,
            currency=locked.currency,
        )
    )
    opened, settlement.why = _open_late(locked, now)
    if opened is None:
        # A free order has nothing to send back: it stays closed.
        if locked.amount_minor:
            settlement.order_state = OrderState.LATE_PAID
        return Result.LATE_REFUNDED
    settlement.applied = settlement.paid = True
    settlement.entries.append(
        postings.allocated(
            payment=locked.payment,
            order=locked.order,
            amount_minor=locked.amount_minor,
            currency=locked.currency,
        )
    )
    _take_in(settlement, opened)
    settlement.events.insert(0, _paid_event(locked, late=True))
    return Result.LATE_HONOURED


def _pay_twice(settlement: Settlement) -> Result:
    locked = settlement.locked
    settlement.why = "second payment"
    settlement.entries.append(
        postings.received_unallocated(
            payment=locked.payment,
            provider=locked.provider,
            order=locked.order,
            amount_minor=locked.amount_minor,
            currency=locked.currency,
        )
    )
    return Result.DUPLICATE


def _after(settlement: Settlement, result: Result, now: datetime) -> None:
    """What needs rows of its own: the refund of money that pays for nothing, budgets."""
    locked = settlement.locked
    if result in {Result.LATE_REFUNDED, Result.DUPLICATE} and locked.amount_minor:
        kind = RefundKind.LATE if result == Result.LATE_REFUNDED else RefundKind.DUPLICATE
        open_whole_refund(
            payment_pk=locked.payment_pk, order_pk=locked.order_pk, order=locked.order,
            amount_minor=locked.amount_minor, currency=locked.currency, kind=kind, now=now,
        )  # fmt: skip
        wake.poke(PUSH_REFUND_TASK)
    if result == Result.PAID:
        # Last, although limits stand before deliveries in the lock order: these rows are shared
        # by all buyers of one address, and nobody who holds them ever waits for what we hold.
        give_back(subject=locked.order, now=now)


def _open_late(locked: Locked, now: datetime) -> tuple[Opened | None, str]:
    """What was opened for late money, or None; and why."""
    if not _honours_late(locked, now):
        return None, "too late"
    # Closing gave the limits back: they are taken again before the goods, as in placing.
    mark = transaction.savepoint()
    if not take_limits_again(locked.order_pk, now=now):
        return None, "limit reached"
    if not take_coupons_again(order=locked.order, now=now):
        transaction.savepoint_rollback(mark)
        return None, "coupon used meanwhile"
    use_coupons(order=locked.order, now=now, by="system")
    opened = _open(locked, now)
    if opened.short:
        transaction.savepoint_rollback(mark)
        return None, "stock is short"
    transaction.savepoint_commit(mark)
    return opened, "late, stock allowed"


def _honours_late(locked: Locked, now: datetime) -> bool:
    deadline = locked.expires_at + timedelta(seconds=settings.LATE_PAYMENT_SECONDS)
    if locked.close_reason == CANCELLED or now > deadline:
        return False
    return still_pays(locked.order_pk) and not bought_again(order_pk=locked.order_pk)


def _open(locked: Locked, now: datetime) -> Opened:
    return open_deliveries(
        reference=locked.order,
        owner=locked.owner or None,
        channel=locked.channel,
        lines=open_lines(locked.lines),
        now=now,
    )


def open_lines(lines: Sequence[LockedLine]) -> list[OpenLine]:
    """The lines as fulfillment needs them, with the recipients opened for this call only."""
    opened = []
    for line in lines:
        target = None
        if line.target_sealed is not None:
            target = json.loads(crypto.unseal(line.target_sealed, context=line.context).reveal())
        # A bundle's price holds as a whole: the share of one part says nothing about its cost.
        paid = None if line.bundled else line.paid_minor
        opened.append(
            OpenLine(line.public_id, line.sku_id, line.quantity, target, paid, line.currency)
        )
    return opened


def _take_in(settlement: Settlement, opened: Opened) -> None:
    """Count what was delivered at once, with its revenue, and derive the order's state."""
    locked = settlement.locked
    by_line = {line.public_id: line for line in locked.lines}
    for unit in opened.delivered:
        line = by_line[unit.line]
        settlement.delivered[line.pk] = settlement.delivered.get(line.pk, 0) + 1
        settlement.entries += delivered_entries(
            line, unit=unit.unit, delivery=unit.delivery, order=locked.order
        )
    settlement.order_state = derive(
        units=locked.units, delivered=len(opened.delivered), gone=0, failed=0
    )
    settlement.completed = settlement.order_state == OrderState.DELIVERED
    if settlement.completed:
        settlement.events.append(
            OrderCompleted(locked.order, locked.channel, locked.owner, OrderState.DELIVERED.value)
        )


def _paid_event(locked: Locked, *, late: bool) -> OrderPaid:
    return OrderPaid(
        locked.order, locked.payment, locked.channel, locked.owner, locked.total_minor,
        locked.currency, late,
    )  # fmt: skip


@part
def wait_for_stock(*, order_pk: int, order: str, sku_ids: Sequence[int], now: datetime) -> None:
    """A paid order whose goods ran out waits for these SKUs, and its buyer is told until when."""
    deadline = now + timedelta(seconds=settings.WAIT_STOCK_SECONDS)
    OrderWait.objects.create(
        order_id=order_pk, kind=WaitKind.STOCK, sku_ids=list(sku_ids), deadline=deadline,
        created_at=now,
    )  # fmt: skip
    tell_waiting(order=order, until=deadline, now=now)
