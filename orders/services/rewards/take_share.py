"""Somebody opens a packet: one share for each person, until there are none."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from core import transitions
from core.faults import guard_off
from core.tx import part, step
from orders.models import Packet, PacketShare
from orders.queries.invites import devices_of
from orders.services.rewards.bind_invite import note_device
from orders.services.rewards.give_reward import Terms, give_reward
from orders.states import PacketState, ShareState
from risk.models import Assessment
from risk.services.assess import assess
from risk.services.record_refusal import record_refusal


class PacketOver(Exception):
    """It has ended, or all its shares are opened."""


class ShareRefused(Exception):
    """Risk stops this person; `assessment.message` says it in words."""

    def __init__(self, assessment: Assessment) -> None:
        super().__init__(assessment.reason)
        self.assessment = assessment


@dataclass(frozen=True, slots=True)
class Opener:
    """Who opens: an account, from an address, with what their browser carries."""

    user: str
    ip: str = ""
    device: str = field(default="", repr=False)


def take_share(*, packet: str, by: Opener, now: datetime) -> PacketShare:
    """Open a share of a packet (public id) and get what is in it, at once.

    Whoever has one already gets the same again. Raises Packet.DoesNotExist, PacketOver,
    ShareRefused. Source: M8.
    """
    try:
        share, fresh = _take(packet, by, now)
    except ShareRefused as refused:
        record_refusal(assessment=refused.assessment, now=now)
        raise
    if fresh:
        _end_when_empty(share.packet_id, now)
    return share


@step()
def _take(public_id: str, by: Opener, now: datetime) -> tuple[PacketShare, bool]:
    """The person's share, and whether it was taken just now."""
    packet = Packet.objects.select_related("template", "promotion").get(public_id=public_id)
    _one_at_a_time(packet, by.user)
    mine = PacketShare.objects.filter(packet=packet, owner=by.user)
    if (held := mine.first()) is not None:
        return held, False
    if packet.state != PacketState.OPEN or now >= packet.ends_at:
        raise PacketOver
    note_device(owner=by.user, device=by.device, now=now)
    _judge(packet, by, now)
    try:
        with transaction.atomic():
            taken = take_free(packet_id=packet.pk, owner=by.user, now=now)
    except IntegrityError:
        return mine.get(), False  # the same person, twice at one moment
    if taken is None:
        raise PacketOver
    share = PacketShare.objects.get(pk=taken)
    terms = Terms(
        packet.kind, points=share.points, promotion=packet.promotion,
        worth_minor=packet.worth_minor, days=packet.points_days,
    )  # fmt: skip
    give_reward(
        key=f"packet:{share.public_id}:{by.user}", owner=by.user, terms=terms,
        source=packet.template.public_id, subject=share.public_id, by="system", now=now,
    )  # fmt: skip
    return share, True


def _one_at_a_time(packet: Packet, user: str) -> None:
    """Who presses twice gets the same share twice, and no "too late" in between."""
    with connection.cursor() as cursor:
        name = f"orders.packet:{packet.pk}:{user}"
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


@part
def take_free(*, packet_id: int, owner: str, now: datetime) -> int | None:
    """Take the next free share for a person; its key, or None when there is none.

    Shares others are just taking are passed over. Raises IntegrityError when they have one.
    """
    free = PacketShare.objects.filter(packet_id=packet_id, state=ShareState.FREE)
    from_ = [ShareState.FREE]
    if guard_off("packets.share"):
        from_ = [ShareState.FREE, ShareState.TAKEN]
    else:
        free = free.select_for_update(skip_locked=True, of=("self",))
    found = free.order_by("number").values_list("pk", flat=True).first()
    if found is None:
        return None
    moved = transitions.move(
        PacketShare, found, from_=from_, to=ShareState.TAKEN, now=now, by=owner, state_at=now,
        owner=owner,
    )  # fmt: skip
    return found if moved else None


def _judge(packet: Packet, by: Opener, now: datetime) -> None:
    """One browser opens one share: several accounts behind it are one person."""
    others = PacketShare.objects.filter(packet=packet).exclude(owner="")
    edges = [(packet.owner, other) for other in others.values_list("owner", flat=True)]
    own = packet.owner == by.user
    people = [packet.owner, by.user, *(other for _owner, other in edges)]
    facts: dict[str, object] = {
        "user": by.user, "target": "" if own else packet.owner, "edges": edges,
        "traits": devices_of(people),
    }  # fmt: skip
    if by.ip:
        facts["ip"] = by.ip
    found = assess(point="reward", subject=packet.public_id, facts=facts, now=now)
    if found.stops:
        raise ShareRefused(found)


@step()
def _end_when_empty(packet: int, now: datetime) -> None:
    """Of its own: who ends a packet locks it before its shares, and whoever opens has locked one.

    After the share is safe the last of many who open at one moment also sees that it was the last.
    Lost on the way, the packet ends by its time.
    """
    if PacketShare.objects.filter(packet=packet, state=ShareState.FREE).exists():
        return
    transitions.move(
        Packet, packet, from_=[PacketState.OPEN], to=PacketState.OVER, now=now, by="system",
        why="empty", state_at=now, not_before=None,
    )  # fmt: skip
