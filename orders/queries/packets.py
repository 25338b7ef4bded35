"""Packets that orders give, and what a packet's page shows."""

from datetime import datetime

from django.db.models import Q, QuerySet

from orders.models import Order, Packet, PacketShare, PacketTemplate
from orders.states import ShareState

MOST_SHOWN = 100


def live_templates(now: datetime) -> list[PacketTemplate]:
    """Templates in force, the one for the largest orders first."""
    started = Q(starts_at=None) | Q(starts_at__lte=now)
    going = Q(ends_at=None) | Q(ends_at__gt=now)
    rows = PacketTemplate.objects.filter(started, going, is_active=True)
    return list(rows.select_related("coupon").order_by("-minimum_minor", "-id"))


def packets_of(owner: str) -> QuerySet[Packet]:
    """A person's packets, newest first."""
    rows = Packet.objects.filter(owner=owner).select_related("template", "promotion")
    return rows.order_by("-id")


def taken_shares(packet: Packet) -> list[PacketShare]:
    """What has been opened of it, the newest first."""
    rows = PacketShare.objects.filter(packet=packet, state=ShareState.TAKEN)
    return list(rows.order_by("-state_at", "-number")[:MOST_SHOWN])


def packet_by_id(public_id: str) -> Packet | None:
    """A packet with what it is made of."""
    rows = Packet.objects.select_related("template", "promotion")
    return rows.filter(public_id=public_id).first()


def packet_of_order(order: str, owner: str) -> tuple[bool, Packet | None]:
    """Whether an order (public id) is this person's, and the packet it gave."""
    if not Order.objects.filter(public_id=order, owner=owner).exists():
        return False, None
    rows = Packet.objects.select_related("template", "promotion")
    return True, rows.filter(order_id=order).first()
