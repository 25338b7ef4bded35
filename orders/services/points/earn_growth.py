"""What an order is worth for its owner's member level: the money that was paid and is kept."""

from datetime import datetime

from accounts.services.count_growth import count_growth
from core.tx import part
from orders.models import Order
from orders.queries.orders import kept_minor
from orders.states import OrderState

#: Nothing is on its way any more, and somebody paid for it.
SETTLED = frozenset(
    {
        OrderState.DELIVERED,
        OrderState.PARTIALLY_DELIVERED,
        OrderState.FAILED,
        OrderState.REFUNDED,
    }
)


@part
def earn_growth(*, order: str, key: str, now: datetime) -> int:
    """Count the order for its owner as it stands; returns the growth that moved.

    What refunds lay claim to is not kept, whether it is back already or not. Guests, orders that
    are not finished, and orders on account grow nothing. `key` names the fact that was heard; told
    again it counts nothing. Minor units. Source: M7.
    """
    row = Order.objects.filter(public_id=order, user__isnull=False).first()
    if row is None or row.state not in SETTLED or row.user_id is None:
        return 0
    return count_growth(
        user_id=row.user_id,
        key=key,
        reference=row.public_id,
        kept_minor=kept_minor(row),
        bought_at=row.paid_at or row.created_at,
        now=now,
    )
