"""What this floor does when orders tell of something."""

from datetime import datetime

from catalog.queries import default_channel
from core.outbox import subscribe
from distribution.services.settle_order import credit_order, settle_order
from orders.events import OrderCompleted, OrderRefunded


def _is_own(event: OrderCompleted) -> bool:
    """The shop's own orders are none of an outside channel's: no transaction is spent on them."""
    return event.channel == default_channel().code


@subscribe(OrderCompleted, "distribution.settle_order", unless=_is_own)
def on_completed(event: OrderCompleted, *, now: datetime) -> None:
    settle_order(order=event.order, now=now)


@subscribe(OrderRefunded, "distribution.credit_order")
def on_refunded(event: OrderRefunded, *, now: datetime) -> None:
    credited = credit_order(
        order=event.order, refund=event.refund, amount_minor=event.amount_minor,
        currency=event.currency, now=now,
    )  # fmt: skip
    if credited:
        settle_order(order=event.order, now=now)
