"""A person's orders as their list shows them, and guests' orders with the same contact."""

from collections.abc import Sequence

from django.db.models import QuerySet

from orders.models import Order
from orders.queries.orders import orders_of
from orders.states import OrderState

FILTERS = ("all", "open", "done", "over")
_OVER = (OrderState.CLOSED, OrderState.REFUNDED, OrderState.LATE_PAID, OrderState.FAILED)
_DONE = (OrderState.DELIVERED, OrderState.PARTIALLY_DELIVERED)
MOST_GUESTS = 20


def orders_shown(user_id: int, show: str) -> QuerySet[Order]:
    """A person's orders under one of FILTERS with their lines, newest first."""
    rows = orders_of(user_id).prefetch_related("lines")
    if show == "open":
        return rows.exclude(state__in=[*_OVER, *_DONE])
    if show == "done":
        return rows.filter(state__in=_DONE)
    return rows.filter(state__in=_OVER) if show == "over" else rows


def guests_orders(ids: Sequence[str], contacts: Sequence[bytes]) -> list[Order]:
    """Those of the named orders that no account has and that were placed with one of the contacts."""
    if not ids or not contacts:
        return []
    rows = Order.objects.filter(public_id__in=ids, user=None, contact_index__in=contacts)
    return list(rows.exclude(paid_at=None).prefetch_related("lines").order_by("-id")[:MOST_GUESTS])


def unproven(contacts: Sequence[bytes], *, but: Sequence[int]) -> int:
    """How many more paid guests' orders have one of these contacts, which the person has proved."""
    if not contacts:
        return 0
    rows = Order.objects.filter(contact_index__in=contacts, user=None).exclude(paid_at=None)
    return rows.exclude(pk__in=but)[:MOST_GUESTS].count()
