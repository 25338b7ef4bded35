"""The state of a paid order follows from its parts, by one function (R-ST-5)."""

from datetime import datetime
from itertools import pairwise

from django.db.models import Sum

from core import outbox, transitions
from core.tx import part
from orders.events import OrderCompleted
from orders.models import Order
from orders.queries.orders import returned_minor
from orders.services.coupons.hold_coupons import give_back_coupons
from orders.services.limits import give_back_limits
from orders.states import ORDER_STEPS, OrderState, derive, path

DERIVED = frozenset(
    {
        OrderState.PAID,
        OrderState.WAITING_STOCK,
        OrderState.FULFILLING,
        OrderState.DELIVERED,
        OrderState.PARTIALLY_DELIVERED,
        OrderState.FAILED,
        OrderState.LATE_PAID,
    }
)


@part
def derive_order(order: Order, *, now: datetime, acting: str, why: str) -> str:
    """Bring a locked order to the state its lines and refunds say, step by step.

    Tells OrderCompleted when no unit is on its way any more. Returns the state.
    """
    if order.state not in DERIVED:
        return order.state
    target = _target(order)
    if target == order.state:
        return order.state
    also = {"completed_at": now} if target != OrderState.FULFILLING else {}
    walk = path(ORDER_STEPS, order.state, target)
    for was, became in pairwise(walk):
        transitions.move(
            Order, order.pk, from_=[was], to=became, now=now, by=acting, why=why, state_at=now,
            **(also if became == target else {}),
        )  # fmt: skip
    order.state = target
    if target == OrderState.REFUNDED:
        give_back_limits(order)
        give_back_coupons(order=order, now=now, by=acting, refunded=True)
    if target != OrderState.FULFILLING:
        outbox.publish(
            OrderCompleted(order.public_id, order.channel_code, order.owner, target), now=now
        )
    return target


def _target(order: Order) -> str:
    counts = order.lines.aggregate(
        delivered=Sum("delivered"), gone=Sum("gone"), failed=Sum("failed")
    )
    if order.state == OrderState.LATE_PAID:
        # Money that pays for nothing: it is all on its way back, or all back.
        late = order.refunds.filter(kind="late", state="succeeded").exists()
        return OrderState.REFUNDED if late else OrderState.LATE_PAID
    if counts["gone"] == order.units and returned_minor(order) == order.total_minor:
        return OrderState.REFUNDED
    if order.state == OrderState.DELIVERED and counts["delivered"] == 0:
        # Delivered goods whose money is on its way back stay `delivered` until it is there.
        return OrderState.DELIVERED
    return derive(
        units=order.units,
        delivered=counts["delivered"],
        gone=counts["gone"],
        failed=counts["failed"],
    )
