"""Two persons: one asks, another agrees, and then it is carried out, once, exactly as asked.

The approval binds a hash of the payload; it expires after 24 hours; maker and checker differ. The
executor is registered by the floor that owns the act, runs in the deciding transaction, and looks
at the state again itself (four eyes, R-PRM).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.http import HttpRequest
from django.utils.functional import Promise

from core import audit
from core.crypto import sha256_hex
from core.faults import guard_off
from core.models.approval import Approval
from core.sockets import Socket
from core.tx import part, step

VALID_FOR = timedelta(hours=24)
Execute = Callable[..., None]


class NotAllowed(PermissionError):
    """This person may not ask for, or agree to, this act."""


class SelfApproval(NotAllowed):
    """The one who asked cannot be the one who agrees."""


class MakerMayNot(NotAllowed):
    """The one who asked has lost the right since; the request can only be refused."""


class NotOpen(RuntimeError):
    """The request was decided before, or has expired."""


class StalePayload(RuntimeError):
    """What would be carried out is not what was asked."""


class Proof(Protocol):
    """A form by which a checker proves to be who signed in."""

    def is_valid(self) -> bool: ...

    def save(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Executor:
    """How an act is carried out: `run(approval, *, now)`, and which staff act it needs."""

    action: str
    act: str
    title: str | Promise
    run: Execute


EXECUTORS: Socket[Executor] = Socket("approval executors")
# Filled by accounts: (person's public id, act) -> may they?
AUTHORITY: Socket[Callable[[str, str], bool]] = Socket("authority")
# Filled by accounts: what the page asks of a checker before they agree, None when nothing is due.
STEP_UP: Socket[Callable[[HttpRequest], Proof | None]] = Socket("step-up")


def executor(action: str, *, act: str, title: str | Promise) -> Callable[[Execute], Execute]:
    """Register `fn(approval, *, now)` as what happens when `action` is agreed to."""

    def register(run: Execute) -> Execute:
        EXECUTORS.register(action, Executor(action, act, title, run))
        return run

    return register


def _digest(payload: Mapping[str, Any]) -> str:
    text = json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256_hex(text.encode())


def _refuse_without_right(person: str, act: str) -> None:
    if not AUTHORITY.get("may")(person, act):
        raise NotAllowed(act)


@part
def request(
    *, action: str, subject: str, payload: dict[str, Any], by: str, reason: str, now: datetime
) -> Approval:
    """Ask for an act that takes two persons. `by` is the maker's public id.

    Raises NotAllowed, KeyError for an unknown action, IntegrityError when the same is asked already.
    """
    _refuse_without_right(by, EXECUTORS.get(action).act)
    approval = Approval.objects.create(
        action=action,
        subject=subject,
        payload=payload,
        payload_sha=_digest(payload),
        reason=reason,
        maker=by,
        requested_at=now,
        expires_at=now + VALID_FOR,
    )
    audit.record(
        tag="approval:requested",
        by=by,
        subject=approval.public_id,
        now=now,
        after={"action": action, "subject": subject, "sha": approval.payload_sha, "reason": reason},
    )
    return approval


@step()
def decide(*, approval_id: str, by: str, agree: bool, now: datetime, note: str = "") -> Approval:
    """Agree (which carries it out) or refuse. `by` is the checker's public id.

    The maker's right is looked at again: a request does not outlive it. Raises SelfApproval,
    NotAllowed, MakerMayNot, NotOpen, StalePayload, and whatever the executor raises; then
    nothing has happened.
    """
    approval = Approval.objects.select_for_update().get(public_id=approval_id)
    chosen = EXECUTORS.get(approval.action)
    if by == approval.maker and not guard_off("approvals.self"):
        raise SelfApproval(approval.action)
    _refuse_without_right(by, chosen.act)
    if approval.state != Approval.State.REQUESTED:
        raise NotOpen(approval.state)
    if now > approval.expires_at:
        raise NotOpen("expired")
    if _digest(approval.payload) != approval.payload_sha:
        raise StalePayload(approval.public_id)
    if agree and not AUTHORITY.get("may")(approval.maker, chosen.act):
        raise MakerMayNot(chosen.act)
    approval.checker, approval.decided_at, approval.note = by, now, note
    approval.state = Approval.State.REJECTED
    if agree:
        approval.state = Approval.State.EXECUTED
        approval.executed_at, approval.executed_sha = now, _digest(approval.payload)
    approval.save()
    audit.record(
        tag="approval:executed" if agree else "approval:rejected",
        by=by,
        now=now,
        subject=approval.public_id,
        after={"action": approval.action, "subject": approval.subject, "note": note},
    )
    if agree:
        chosen.run(approval, now=now)
    return approval


def expire_old(*, now: datetime) -> int:
    """Close requests that nobody decided in time."""
    return Approval.objects.filter(state=Approval.State.REQUESTED, expires_at__lt=now).update(
        state=Approval.State.EXPIRED
    )
