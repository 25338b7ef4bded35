"""What this floor does when the floors below, or it itself, tell of something."""

from datetime import datetime

from core import wake
from core.outbox import subscribe
from fulfillment.events import Delivered, DeliveryReversed, StockArrived, SupplyFailed
from orders.events import OrderCompleted, OrderRefunded
from orders.services.complete_line import complete_line, fail_line, reverse_unit
from orders.services.tell_buyer import tell_completed, tell_refunded

FILL_TASK = "orders.fill_waits"


@subscribe(Delivered, "orders.complete_line")
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


@subscribe(DeliveryReversed, "orders.reverse_unit")
def on_reversed(event: DeliveryReversed, *, now: datetime) -> None:
    reverse_unit(
        order=event.reference, line=event.line, delivery=event.delivery, unit=event.unit, now=now
    )


@subscribe(StockArrived, "orders.fill_waits")
def on_stock(event: StockArrived, *, now: datetime) -> None:
    # Each waiting order is a step of its own, so a task does it; the sweeper looks too.
    wake.poke(FILL_TASK, str(event.sku_id))


@subscribe(OrderCompleted, "orders.tell_completed")
def on_completed(event: OrderCompleted, *, now: datetime) -> None:
    tell_completed(order=event.order, now=now)


@subscribe(OrderRefunded, "orders.tell_refunded")
def on_refunded(event: OrderRefunded, *, now: datetime) -> None:
    tell_refunded(
        order=event.order, refund=event.refund, amount_minor=event.amount_minor,
        currency=event.currency, now=now,
    )  # fmt: skip
