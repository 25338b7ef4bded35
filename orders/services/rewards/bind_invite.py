"""A newcomer came by somebody's link: written down once, when they first sign in."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction

from core import transitions
from core.crypto import blind_index
from core.ids import new_id
from core.tx import in_transaction, part, step
from orders.models import Invite, InviteLink, SeenDevice
from orders.queries.invites import live_programme
from orders.services.rewards.judge_invite import judge_invite
from orders.states import InviteState

DEVICE_INDEX = "invite.device"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who signed in. `came_at` is when their browser opened the link, `device` what it carries."""

    user: str
    joined_at: datetime
    came_at: datetime
    ip: str = ""
    device: str = field(default="", repr=False)


def own_link(*, owner: str, now: datetime) -> InviteLink:
    """The link of a person (public id), made when first asked for."""
    row, _made = InviteLink.objects.get_or_create(
        owner=owner, defaults={"public_id": new_id("ivl"), "created_at": now}
    )
    return row


def note_device(*, owner: str, device: str, now: datetime) -> None:
    """Remember that this person (public id) was seen with this device; nothing without one."""
    if device:
        SeenDevice.objects.get_or_create(
            owner=owner, index=blind_index(DEVICE_INDEX, device), defaults={"seen_at": now}
        )


def bind_invite(*, link: str, newcomer: Newcomer, now: datetime) -> Invite | None:
    """Bind who came to who brought them. A part, or its own step without one.

    Only accounts younger than the visit by the link (public id) count, and each counts once, for
    ever. None when there is nothing to bind. What risk stops is written down as refused. Source: M8.
    """
    if newcomer.joined_at < newcomer.came_at:
        return None
    if in_transaction():
        return _bind(link, newcomer, now)
    with step():
        return _bind(link, newcomer, now)


@part
def _bind(link: str, newcomer: Newcomer, now: datetime) -> Invite | None:
    inviter = InviteLink.objects.filter(public_id=link).values_list("owner", flat=True).first()
    programme = live_programme(now)
    if inviter is None or inviter == newcomer.user or programme is None:
        return None
    row = Invite(
        programme=programme, inviter=inviter, friend=newcomer.user, state_at=now, created_at=now
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return None  # somebody brought them before
    note_device(owner=newcomer.user, device=newcomer.device, now=now)
    transitions.begin(
        entity="invite", subject=row.public_id, state=row.state, now=now, by="system", why=link
    )
    found = judge_invite(row, point="invite", ip=newcomer.ip, now=now)
    if found.stops:
        transitions.move(
            Invite, row.pk, from_=[InviteState.BOUND], to=InviteState.REFUSED, now=now,
            by="system", why=found.reason, state_at=now, reason=found.reason,
            assessment=found.public_id,
        )  # fmt: skip
        row.refresh_from_db()
    return row
