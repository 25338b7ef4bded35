"""What no query settles, two persons do: one proposes with the supplier's reference, another agrees.

The proposal binds the state it was made in; if anything has moved meanwhile (a late answer, a
callback), agreeing to it is refused and nothing happens.
"""

from datetime import datetime
from typing import Any

from core import approvals, transitions
from core.approvals import StalePayload
from core.models.approval import Approval
from core.tx import part, step
from fulfillment import postings
from fulfillment.models import Attempt, Delivery, ManualCase
from fulfillment.queries.goods import goods
from fulfillment.services import land
from fulfillment.services.give_up import give_up
from fulfillment.services.open_case import close_case
from fulfillment.services.queue_deliveries import hand_over
from fulfillment.services.revoke_delivery import revoke_delivery
from fulfillment.states import (
    OPEN_ATTEMPT,
    AttemptState,
    CaseState,
    DeliveryState,
)

DELIVER, FAIL = "fulfillment.manual_deliver", "fulfillment.manual_fail"
ACTIONS = {ManualCase.Verdict.DELIVER: DELIVER, ManualCase.Verdict.FAIL: FAIL}


class NeedsReference(ValueError):
    """An unknown purchase is settled only with the supplier's own reference (R-SUP-4)."""


class NotProposable(RuntimeError):
    """The case is closed, waits for its second person, or does not allow this verdict."""


@step()
def propose_resolution(
    *,
    case_id: str,
    verdict: str,
    supplier_reference: str,
    note: str,
    by: str,
    now: datetime,
) -> Approval:
    """Ask a second person to settle a case. ``by`` is the proposer's public id.

    Raises NeedsReference, NotProposable, and core.approvals.NotAllowed.
    """
    delivery = Delivery.objects.select_for_update().get(cases__public_id=case_id)
    case = ManualCase.objects.select_for_update().get(public_id=case_id)
    attempt = latest_attempt(delivery)
    if verdict not in ACTIONS or not _allowed(delivery, verdict):
        raise NotProposable(verdict)
    reference = supplier_reference.strip()
    if attempt is not None and not reference:
        raise NeedsReference(case_id)
    _reopen_undecided(case, now=now)
    approval = approvals.request(
        action=ACTIONS[ManualCase.Verdict(verdict)],
        subject=delivery.public_id,
        payload=_payload(case, delivery, attempt, reference),
        by=by,
        reason=note,
        now=now,
    )
    moved = transitions.move(
        ManualCase,
        case.pk,
        from_=[CaseState.OPEN],
        to=CaseState.PROPOSED,
        now=now,
        by=f"user:{by.removeprefix('user:')}",
        why=verdict,
        verdict=verdict,
        supplier_reference=reference,
        approval=approval.public_id,
    )
    if not moved:
        raise NotProposable(case.state)
    return approval


def latest_attempt(delivery: Delivery) -> Attempt | None:
    """The attempt that a decision about this unit is about."""
    return (
        Attempt.objects.filter(delivery=delivery)
        .select_related("supplier", "offer")
        .order_by("-id")
        .first()
    )


def _allowed(delivery: Delivery, verdict: str) -> bool:
    if delivery.state == DeliveryState.MANUAL:
        return True
    # A delivered unit: it stays so (the supplier made good), or it is taken back and refunded.
    if delivery.state == DeliveryState.DELIVERED:
        return True
    # Over, and the supplier charged all the same: the loss is confirmed, nothing is handed over.
    over = (DeliveryState.FAILED, DeliveryState.REVOKED)
    return delivery.state in over and verdict == ManualCase.Verdict.FAIL


def _payload(
    case: ManualCase, delivery: Delivery, attempt: Attempt | None, reference: str
) -> dict[str, Any]:
    return {
        "case": case.public_id,
        "delivery": delivery.public_id,
        "delivery_state": delivery.state,
        "attempt": attempt.public_id if attempt else "",
        "attempt_state": attempt.state if attempt else "",
        "supplier_reference": reference,
    }


def _reopen_undecided(case: ManualCase, *, now: datetime) -> None:
    """A refused or expired proposal leaves the case open again."""
    if case.state != CaseState.PROPOSED:
        return
    asked = Approval.objects.filter(public_id=case.approval).first()
    if asked is not None and asked.state == Approval.State.REQUESTED and now <= asked.expires_at:
        raise NotProposable(case.state)
    if asked is not None and asked.state == Approval.State.REQUESTED:
        Approval.objects.filter(pk=asked.pk).update(state=Approval.State.EXPIRED)
    transitions.move(
        ManualCase,
        case.pk,
        from_=[CaseState.PROPOSED],
        to=CaseState.OPEN,
        now=now,
        by="system",
        why="not agreed",
    )


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """The second person agreed. Raises StalePayload when the unit has moved meanwhile."""
    asked = approval.payload
    delivery = Delivery.objects.select_for_update().get(public_id=asked["delivery"])
    case = ManualCase.objects.select_for_update().get(public_id=asked["case"])
    attempt = latest_attempt(delivery)
    fresh = _payload(case, delivery, attempt, asked["supplier_reference"])
    if fresh != asked or case.state == CaseState.RESOLVED:
        raise StalePayload(approval.public_id)
    by = f"user:{(approval.checker or '').removeprefix('user:')}"
    settle = _deliver if approval.action == DELIVER else _fail
    settle(delivery, attempt, approval=approval, by=by, now=now)
    close_case(delivery=delivery, by=by, now=now, why=approval.action, approval=approval.public_id)


def _deliver(
    delivery: Delivery, attempt: Attempt | None, *, approval: Approval, by: str, now: datetime
) -> None:
    if delivery.state != DeliveryState.MANUAL:
        return
    reference = approval.payload["supplier_reference"]
    if attempt is not None and attempt.state in OPEN_ATTEMPT:
        attempt.delivery = delivery
        cost = attempt.offer.cost_minor
        _close_attempt(
            attempt,
            AttemptState.SUCCEEDED,
            by=by,
            now=now,
            cost_minor=cost,
            supplier_no=reference[:64],
        )
        postings.purchase_succeeded(
            attempt=attempt.public_id,
            supplier=attempt.supplier.code,
            reference=delivery.reference,
            reserved_minor=attempt.max_cost_minor,
            cost_minor=cost,
            currency=attempt.currency,
            now=now,
        )
        land.deliver_bought(
            attempt,
            cost_minor=cost,
            supplier_no=reference,
            by=by,
            now=now,
            approval=approval.public_id,
        )
        return
    # Done outside the system (staff, or a supplier without an interface): evidence is the approval.
    transitions.move(
        Delivery,
        delivery.pk,
        from_=[DeliveryState.MANUAL],
        to=DeliveryState.DELIVERED,
        now=now,
        by=by,
        why=approval.public_id,
        delivered_at=now,
        cost_minor=0,
        supplier_no=reference[:64],
        reason="",
        approval=approval.public_id,
        resolved_by=by,
        not_before=None,
    )
    delivery.refresh_from_db()
    hand_over(delivery, goods([delivery.sku_id])[delivery.sku_id], now=now)


def _fail(
    delivery: Delivery, attempt: Attempt | None, *, approval: Approval, by: str, now: datetime
) -> None:
    if attempt is not None and attempt.state in OPEN_ATTEMPT:
        unsent = attempt.state == AttemptState.PREPARED
        closed = AttemptState.NOT_SENT if unsent else AttemptState.FAILED
        _close_attempt(attempt, closed, by=by, now=now)
        if not unsent:
            postings.purchase_refused(
                attempt=attempt.public_id,
                supplier=attempt.supplier.code,
                reference=delivery.reference,
                reserved_minor=attempt.max_cost_minor,
                currency=attempt.currency,
                now=now,
            )
    if delivery.state == DeliveryState.DELIVERED:
        revoke_delivery(
            delivery=delivery, reason="reversed", approval=approval.public_id, by=by, now=now
        )
    else:
        give_up(
            delivery=delivery, reason="by_two_persons", now=now, by=by, approval=approval.public_id
        )


def _close_attempt(attempt: Attempt, state: str, *, by: str, now: datetime, **also: Any) -> None:
    if attempt.state == AttemptState.SENT and state != AttemptState.NOT_SENT:
        transitions.move(
            Attempt, attempt.pk, from_=[AttemptState.SENT], to=AttemptState.UNKNOWN, now=now, by=by
        )
        attempt.state = AttemptState.UNKNOWN
    transitions.move(
        Attempt,
        attempt.pk,
        from_=[attempt.state],
        to=state,
        now=now,
        by=by,
        why="two persons",
        answer_code="by_two_persons",
        closed_at=now,
        next_query_at=None,
        **also,
    )
