"""Differences as cases: opened and healed by runs, closed by people with a reason.

One person explains; a correction of the ledger takes two and is a journal of its own, bound to the
difference for ever. A run never opens again what a person has closed: the same disagreement has
the same fingerprint.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from core import approvals, audit, ledger, transitions
from core.ledger import Line
from core.models import (
    Approval,
    Closing,
    Comparison,
    Difference,
    DifferenceState,
    StateChange,
)
from core.reconciliation.values import Break
from core.tx import part, step

CORRECT = "books.correct"
CLOSE = "books.close"
RUNNER = "system"
#: More than this means that the statement hardly belongs here: the first ones say so.
MOST_KEPT = 2000
UNSETTLED = (DifferenceState.OPEN, DifferenceState.PROPOSED)


@dataclass(frozen=True, slots=True)
class Correction:
    """A journal that would settle a difference: what it is called and what it posts."""

    key: str
    title: str | Promise
    lines: tuple[Line, ...]


class NotOpen(RuntimeError):
    """The difference is closed, or waits for its second person."""


@part
def settle_breaks(
    comparison: Comparison,
    breaks: Sequence[Break],
    *,
    found_elsewhere: Mapping[str, str],
    now: datetime,
) -> None:
    """Open what is new, open again what had healed and is back, heal what is gone."""
    known = {each.fingerprint: each for each in comparison.differences.select_for_update()}
    twins: Counter[str] = Counter()
    there: set[str] = set()
    new: list[Difference] = []
    for each in breaks[:MOST_KEPT]:
        plain = each.fingerprint()
        fingerprint = each.fingerprint(twins[plain])
        twins[plain] += 1
        there.add(fingerprint)
        held = known.get(fingerprint)
        if held is None:
            new.append(_case(comparison, each, fingerprint, now))
        elif held.closing == Closing.HEALED:
            _reopen(held, now=now, why="there again")
    Difference.objects.bulk_create(new)
    StateChange.objects.bulk_create(
        StateChange(
            entity="difference", subject=each.public_id, was="", became=DifferenceState.OPEN,
            at=now, by=RUNNER, why=each.kind,
        )
        for each in new
    )  # fmt: skip
    for fingerprint, held in known.items():
        if fingerprint not in there and held.state in UNSETTLED:
            day = found_elsewhere.get(f"{held.what}:{held.number}")
            note = f"came in the statement of {day}" if day else "matched when compared again"
            _close(held, Closing.HEALED, reason=note, by=RUNNER, now=now)


def _case(comparison: Comparison, each: Break, fingerprint: str, now: datetime) -> Difference:
    return Difference(
        comparison=comparison, fingerprint=fingerprint, kind=each.kind, what=each.what,
        number=each.number[:64], their_no=each.their_no[:64], subject=each.subject[:40],
        delta_minor=each.delta_minor, currency=each.currency, theirs=dict(each.theirs),
        ours=dict(each.ours), opened_at=now,
    )  # fmt: skip


@part
def _reopen(held: Difference, *, now: datetime, why: str) -> None:
    transitions.move(
        Difference, held.pk, from_=[DifferenceState.CLOSED], to=DifferenceState.OPEN, now=now,
        by=RUNNER, why=why, closing="", closed_at=None, closed_by="", reason="", approval="",
    )  # fmt: skip


@part
def _close(
    held: Difference, closing: Closing, *, reason: str, by: str, now: datetime, approval: str = ""
) -> None:
    moved = transitions.move(
        Difference, held.pk, from_=UNSETTLED, to=DifferenceState.CLOSED, now=now, by=by,
        why=reason, closing=closing, reason=reason[:500], closed_at=now, closed_by=by[:48],
        approval=approval or held.approval,
    )  # fmt: skip
    if not moved:
        raise NotOpen(held.public_id)


@step()
def take_difference(*, difference: str, owner: str, by: str, now: datetime) -> None:
    """Put a case with a person (`usr_…`), or with nobody when empty. Raises NotOpen."""
    held = _locked(difference)
    if held.state == DifferenceState.CLOSED:
        raise NotOpen(difference)
    was, held.owner = held.owner, owner
    held.save(update_fields=["owner"])
    audit.record(
        tag="difference:taken", by=by, subject=difference, now=now, before={"owner": was},
        after={"owner": owner},
    )  # fmt: skip


@step()
def explain_difference(*, difference: str, reason: str, by: str, now: datetime) -> None:
    """Close a case with a reason; no money of ours moves by it. Raises NotOpen, ValueError."""
    if not reason.strip():
        raise ValueError("a reason is needed")
    held = _undecided(_locked(difference), now=now)
    if held.state != DifferenceState.OPEN:
        raise NotOpen(difference)
    _close(held, Closing.EXPLAINED, reason=reason.strip(), by=by, now=now)
    audit.record(
        tag="difference:explained", by=by, subject=difference, now=now, after={"reason": reason}
    )


@step()
def propose_correction(
    *, difference: str, correction: Correction, reason: str, by: str, now: datetime
) -> Approval:
    """Ask a second person to settle a case by a journal. `by` is the maker's public id.

    Raises NotOpen, core.approvals.NotAllowed.
    """
    held = _undecided(_locked(difference), now=now)
    if held.state != DifferenceState.OPEN:
        raise NotOpen(difference)
    approval = approvals.request(
        action=CORRECT, subject=difference, payload=_payload(held, correction), by=by,
        reason=reason, now=now,
    )  # fmt: skip
    transitions.move(
        Difference, held.pk, from_=[DifferenceState.OPEN], to=DifferenceState.PROPOSED, now=now,
        by=f"user:{by.removeprefix('user:')}", why=correction.key, approval=approval.public_id,
    )  # fmt: skip
    return approval


@part
def carry_out_correction(approval: Approval, *, now: datetime) -> None:
    """Executor: post the journal and close the case. Raises StalePayload when it has moved on."""
    asked = approval.payload
    held = _locked(asked["difference"])
    still = held.state == DifferenceState.PROPOSED and held.approval == approval.public_id
    if not still or held.fingerprint != asked["fingerprint"]:
        raise approvals.StalePayload(approval.public_id)
    by = f"user:{(approval.checker or '').removeprefix('user:')}"
    ledger.post(
        key=f"correction:{held.public_id}", kind="correction", note=approval.reason[:200], now=now,
        lines=[Line(**each) for each in asked["lines"]],
    )  # fmt: skip
    _close(
        held, Closing.CORRECTED, reason=approval.reason or asked["correction"], by=by, now=now,
        approval=approval.public_id,
    )  # fmt: skip
    audit.record(
        tag="difference:corrected", by=by, subject=held.public_id, now=now,
        after={"approval": approval.public_id, "correction": asked["correction"]},
    )  # fmt: skip


def _payload(held: Difference, correction: Correction) -> dict[str, Any]:
    return {
        "difference": held.public_id,
        "fingerprint": held.fingerprint,
        "correction": correction.key,
        "lines": [
            {
                "account": line.account, "amount": line.amount, "subject": line.subject,
                "currency": line.currency,
            }
            for line in correction.lines
        ],
    }  # fmt: skip


def _locked(difference: str) -> Difference:
    return Difference.objects.select_for_update().get(public_id=difference)


@part
def _undecided(held: Difference, *, now: datetime) -> Difference:
    """A proposal that was refused or ran out leaves the case open again."""
    if held.state != DifferenceState.PROPOSED:
        return held
    asked = Approval.objects.filter(public_id=held.approval).first()
    waits = asked is not None and asked.state == Approval.State.REQUESTED
    if waits and asked is not None and now <= asked.expires_at:
        return held
    transitions.move(
        Difference, held.pk, from_=[DifferenceState.PROPOSED], to=DifferenceState.OPEN, now=now,
        by=RUNNER, why="not agreed", approval="",
    )  # fmt: skip
    held.refresh_from_db()
    return held
