"""What this floor does when the floors below, or it itself, tell of something."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from core import wake
from core.faults import crashpoint
from core.outbox import subscribe
from fulfillment.events import (
    REFUNDED,
    Delivered,
    DeliveryReversed,
    DeliveryRevoked,
    EndsSoon,
    StockArrived,
    SupplyFailed,
)
from orders.events import OrderCompleted, OrderPaid, OrderRefunded
from orders.queries.orders import lock_order
from orders.services.complete_line import complete_line, fail_line, take_back_unit
from orders.services.flash.keep_flash import keep_flash
from orders.services.points.earn_growth import earn_growth
from orders.services.points.earn_points import note_earnings, settle_earnings
from orders.services.points.pay_points import spend_points
from orders.services.subscriptions.drive_periods import hurry_orders
from orders.services.tell_buyer import tell_completed, tell_ending, tell_refunded

log = structlog.get_logger(__name__)

FILL_TASK = "orders.fill_waits"
DRIVE_TASK = "orders.drive_periods"


@subscribe(Delivered, "orders.complete_line", unless=lambda event: event.counted)
def on_delivered(event: Delivered, *, now: datetime) -> None:
    complete_line(
        order=event.reference, line=event.line, delivery=event.delivery, unit=event.unit, now=now,
        acting="system",
    )  # fmt: skip


@subscribe(SupplyFailed, "orders.fail_line")
def on_supply_failed(event: SupplyFailed, *, now: datetime) -> None:
    fail_line(
        order=event.reference, line=event.line, delivery=event.delivery, reason=event.reason,
        now=now,
    )  # fmt: skip


@subscribe(DeliveryReversed, "orders.note_reversal")
def on_reversed(event: DeliveryReversed, *, now: datetime) -> None:
    # The buyer keeps the goods until two persons have decided; DeliveryRevoked tells what.
    log.error(
        "delivery_reversed", order=event.reference, delivery=event.delivery, reason=event.reason
    )


@subscribe(DeliveryRevoked, "orders.take_back_unit")
def on_revoked(event: DeliveryRevoked, *, now: datetime) -> None:
    if event.reason == REFUNDED:
        return  # by ourselves: counted, and its money is on its way
    take_back_unit(
        order=event.reference, line=event.line, delivery=event.delivery, unit=event.unit,
        reason=event.reason, now=now,
    )  # fmt: skip


@subscribe(StockArrived, "orders.fill_waits")
def on_stock(event: StockArrived, *, now: datetime) -> None:
    # Each waiting order is a step of its own, so a task does it; the sweeper looks too.
    wake.poke(FILL_TASK, str(event.sku_id))


@subscribe(OrderPaid, "orders.hurry_periods", many=True)
def on_paid(events: Sequence[OrderPaid], *, now: datetime) -> None:
    if hurry_orders(orders=[event.order for event in events], now=now):
        wake.poke(DRIVE_TASK)


@subscribe(OrderCompleted, "orders.tell_completed", many=True)
def on_completed(events: Sequence[OrderCompleted], *, now: datetime) -> None:
    crashpoint("CP13")
    tell_completed(orders=[event.order for event in events], now=now)


@subscribe(OrderCompleted, "orders.earn_growth", unless=lambda event: not event.owner)
def on_completed_by_member(event: OrderCompleted, *, now: datetime) -> None:
    earn_growth(order=event.order, key=f"completed:{event.order}:{event.state}", now=now)


@subscribe(OrderRefunded, "orders.take_growth_back")
def on_refunded_to_member(event: OrderRefunded, *, now: datetime) -> None:
    earn_growth(order=event.order, key=f"refunded:{event.refund}", now=now)


@subscribe(OrderPaid, "orders.keep_flash", many=True)
def on_flash_paid(events: Sequence[OrderPaid], *, now: datetime) -> None:
    keep_flash(orders=[event.order for event in events])


@subscribe(OrderPaid, "orders.spend_points", unless=lambda event: not event.owner)
def on_paid_with_points(event: OrderPaid, *, now: datetime) -> None:
    row = lock_order(event.order)
    if row is not None:
        spend_points(row, now=now)


@subscribe(OrderCompleted, "orders.note_points", unless=lambda event: not event.owner)
def on_points_due(event: OrderCompleted, *, now: datetime) -> None:
    note_earnings(order=event.order, now=now)


@subscribe(OrderRefunded, "orders.settle_points")
def on_points_refunded(event: OrderRefunded, *, now: datetime) -> None:
    settle_earnings(order=event.order, now=now)


@subscribe(OrderRefunded, "orders.tell_refunded")
def on_refunded(event: OrderRefunded, *, now: datetime) -> None:
    tell_refunded(
        order=event.order, refund=event.refund, amount_minor=event.amount_minor,
        currency=event.currency, now=now,
    )  # fmt: skip


@subscribe(EndsSoon, "orders.tell_ending")
def on_ending(event: EndsSoon, *, now: datetime) -> None:
    tell_ending(order=event.reference, day=event.day, days=event.days, units=event.units, now=now)
