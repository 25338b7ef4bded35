"""What nobody opened of a packet lapses at its end, or with its order, and goes back to the budget."""

from datetime import datetime

from core import transitions
from core.each import each
from core.tx import part, step
from orders.models import Packet, PacketShare
from orders.services.rewards.reward_budget import return_budget
from orders.states import PacketState, ShareState


def lapse_packets(*, now: datetime, limit: int = 200) -> int:
    """End every packet past its time, each in its own step; returns how many this call ended."""
    due = Packet.objects.filter(not_before__lte=now).order_by("not_before", "pk")
    ids = list(due.values_list("pk", flat=True)[:limit])
    return each(lambda pk: _lapse_due(pk, now), ids, name="lapse_packets")


@step()
def _lapse_due(pk: int, now: datetime) -> bool:
    packet = Packet.objects.select_for_update(of=("self",)).get(pk=pk)
    return packet.ends_at <= now and _lapse(packet, "time", now)


@part
def lapse_of_order(*, order: str, now: datetime) -> bool:
    """End the packet of an order (public id) whose money went back; opened shares stay opened."""
    rows = Packet.objects.select_for_update(of=("self",)).filter(order_id=order)
    packet = rows.first()
    return packet is not None and _lapse(packet, "refunded", now)


def _lapse(packet: Packet, why: str, now: datetime) -> bool:
    if packet.state != PacketState.OPEN:
        return False
    # Whoever is opening one at this moment is waited for.
    free = PacketShare.objects.select_for_update(of=("self",)).filter(
        packet=packet, state=ShareState.FREE
    )
    rows = list(free.order_by("number"))
    transitions.move_many(
        PacketShare, [row.pk for row in rows], from_=[ShareState.FREE], to=ShareState.LAPSED,
        now=now, by="system", why=why, state_at=now,
    )  # fmt: skip
    template = Packet.objects.values_list("template__public_id", flat=True).get(pk=packet.pk)
    return_budget(
        template, points=sum(row.points for row in rows), minor=packet.worth_minor * len(rows)
    )
    to = PacketState.LAPSED if rows else PacketState.OVER
    return transitions.move(
        Packet, packet.pk, from_=[PacketState.OPEN], to=to, now=now, by="system", why=why,
        state_at=now, not_before=None,
    )  # fmt: skip
