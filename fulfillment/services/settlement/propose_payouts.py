"""Pay those who are owed: one person proposes the whole list, another agrees to exactly that list."""

from datetime import UTC, datetime
from typing import Any

from core import approvals, audit, transitions
from core.approvals import StalePayload
from core.models import Approval
from core.reconciliation.turn import take_turn
from core.tx import part, step
from fulfillment import settling
from fulfillment.models import Payout, PayoutRun, PayoutState
from fulfillment.queries.owed import Owed, owed

ACTION = "fulfillment.payouts"
#: One run's list stays readable; who is left over comes with the next.
MOST_PAYEES = 500


class NothingOwed(ValueError):
    """Nobody of this kind is owed anything, or everybody waits for an earlier proposal."""


@step()
def propose_payouts(
    *, kind: str, until: datetime, by: str, reason: str, now: datetime, currency: str = "CNY"
) -> PayoutRun:
    """Propose to pay everybody of a kind what they were owed by ``until`` (minor units).

    ``by`` is the proposer's public id. Who waits in an earlier proposal is left out. Raises
    NothingOwed, ValueError for a time to come, core.approvals.NotAllowed.
    """
    if until > now:
        raise ValueError("what is owed later is not paid now")
    take_turn(f"payouts:{kind}:{currency}")
    drop_undecided(now=now)
    waiting = set(
        Payout.objects.filter(kind=kind, state=PayoutState.PROPOSED).values_list("payee", flat=True)
    )
    due = [
        each
        for each in owed(kind, until=until)
        if each.currency == currency and each.payee not in waiting
    ][:MOST_PAYEES]
    if not due:
        raise NothingOwed(kind)
    run = PayoutRun.objects.create(
        kind=kind, until=until, currency=currency, by=f"user:{by}", created_at=now
    )
    payouts = [_open(run, each, by=by, now=now) for each in due]
    approval = approvals.request(
        action=ACTION, subject=run.public_id, payload=_payload(run, payouts), by=by, reason=reason,
        now=now,
    )  # fmt: skip
    PayoutRun.objects.filter(pk=run.pk).update(approval=approval.public_id)
    run.approval = approval.public_id
    return run


def _open(run: PayoutRun, each: Owed, *, by: str, now: datetime) -> Payout:
    payout = Payout.objects.create(
        run=run, kind=run.kind, payee=each.payee, amount_minor=each.amount_minor,
        currency=each.currency, created_at=now,
    )  # fmt: skip
    transitions.begin(
        entity="payout", subject=payout.public_id, state=PayoutState.PROPOSED, now=now,
        by=f"user:{by}", why=run.public_id,
    )  # fmt: skip
    return payout


def _payload(run: PayoutRun, payouts: list[Payout]) -> dict[str, Any]:
    return {
        "run": run.public_id,
        "kind": run.kind,
        "until": run.until.astimezone(UTC).isoformat(),
        "total_minor": sum(each.amount_minor for each in payouts),
        "currency": run.currency,
        "payouts": {
            each.public_id: [each.payee, each.amount_minor]
            for each in sorted(payouts, key=lambda each: each.public_id)
        },
    }


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """The second person agreed: the money is set aside under each payout's number.

    Raises StalePayload when somebody is owed less by now, or the list is not what was asked.
    """
    run = PayoutRun.objects.select_for_update().get(public_id=approval.payload["run"])
    take_turn(f"payouts:{run.kind}:{run.currency}")
    payouts = list(
        Payout.objects.select_for_update()
        .filter(run=run, state=PayoutState.PROPOSED)
        .order_by("id")
    )
    if _payload(run, payouts) != approval.payload:
        raise StalePayload(approval.public_id)
    left = {each.payee: each.amount_minor for each in owed(run.kind, until=run.until)
            if each.currency == run.currency}  # fmt: skip
    by = f"user:{(approval.checker or '').removeprefix('user:')}"
    for payout in payouts:
        if left.get(payout.payee, 0) < payout.amount_minor:
            raise StalePayload(payout.public_id)
        settling.payout_agreed(payout, now=now)
        transitions.move(
            Payout, payout.pk, from_=[PayoutState.PROPOSED], to=PayoutState.APPROVED, now=now,
            by=by, why=approval.public_id, approved_at=now,
        )  # fmt: skip
    audit.record(
        tag="payouts:agreed", by=by, subject=run.public_id, now=now,
        after={"approval": approval.public_id, "total_minor": approval.payload["total_minor"]},
    )  # fmt: skip


@part
def drop_undecided(*, now: datetime) -> int:
    """Proposals that were refused or ran out are over. Returns how many payouts were dropped."""
    dropped = 0
    for payout in Payout.objects.filter(state=PayoutState.PROPOSED).select_related("run"):
        asked = Approval.objects.filter(public_id=payout.run.approval).first()
        waits = asked is not None and asked.state == Approval.State.REQUESTED
        if waits and asked is not None and now <= asked.expires_at:
            continue
        dropped += transitions.move(
            Payout, payout.pk, from_=[PayoutState.PROPOSED], to=PayoutState.CANCELED, now=now,
            by="system", why="not agreed", ended_at=now,
        )  # fmt: skip
    return dropped
