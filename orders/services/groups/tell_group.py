"""Mails and texts to the members of a group: they wait, all are there, or its time is over.

Links go to the order and to the group, never a code. The group's link is meant to be passed on; the
order's is not, and stands in the same message to its buyer alone.
"""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.timezone import localtime

from accounts.services.send_message import Value
from core.tx import part
from orders.models import BuyGroup, Order
from orders.queries.orders import lock_order
from orders.services.tell_buyer import tell
from orders.states import BuyGroupState, OrderState


@part
def tell_joined(*, order: str, now: datetime) -> bool:
    """Say that a paid order waits for its group: how many have paid, until when, whom to ask.

    Once for each order, by the receipt of its event. False for who does not wait any more: what
    came of it is told by other messages.
    """
    row = lock_order(order)
    if row is None or row.state != OrderState.PAID:
        return False
    group = BuyGroup.objects.get(seats__order=row)
    if group.state != BuyGroupState.OPEN or group.deadline <= now:
        return False
    told: dict[str, Value] = {
        "paid": group.paid, "size": group.size, "missing": group.size - group.paid,
        "until": _shown(group.deadline), "group_url": group_link(group.public_id),
    }  # fmt: skip
    return tell(row, "group_waiting", now, told)


@part
def tell_full(*, order: str, now: datetime) -> bool:
    """Say that the group of an order that waited for it is complete. Called once, when it is opened.

    Who has the goods by now gets no other message about them.
    """
    row = lock_order(order)
    if row is None:
        return False
    ready = row.state == OrderState.DELIVERED
    if ready:
        Order.objects.filter(pk=row.pk).update(link_sent_at=now)
    return tell(row, "group_full", now, {"ready": ready})


@part
def tell_over(*, order: str, until: datetime, now: datetime) -> bool:
    """Say that a group was not full in time and all the money comes back. Called once, by the refund."""
    row = lock_order(order)
    return row is not None and tell(row, "group_over", now, {"until": _shown(until)})


def group_link(group: str) -> str:
    """The address by which others join an open group (public id)."""
    return f"{settings.SITE_URL}{reverse('orders:group', args=[group])}"


def _shown(at: datetime) -> str:
    return localtime(at).strftime("%Y-%m-%d %H:%M")
