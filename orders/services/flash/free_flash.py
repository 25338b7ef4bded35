"""A unit whose time to pay is over goes to the next buyer at once, whenever the sweeper comes by."""

from datetime import datetime

from core.each import each
from orders.models import FlashUnit
from orders.services.close_order import expire_order
from orders.states import FlashUnitState, OrderState

AT_ONCE = 5


def free_flash(*, sale_pk: int, now: datetime) -> int:
    """Close a few unpaid orders of the sale whose hold is over, each in its own step; returns how many.

    Called before an order, so that no unpaid unit keeps a buyer waiting longer than its hold (M3).
    """
    overdue = FlashUnit.objects.filter(
        sale_id=sale_pk, state=FlashUnitState.HELD, order__expires_at__lte=now,
        order__state=OrderState.PENDING_PAYMENT,
    ).order_by("id")  # fmt: skip
    due = overdue.values_list("order__public_id", flat=True)[:AT_ONCE]
    return each(lambda order: expire_order(order=order, now=now), list(due), name="free_flash")
