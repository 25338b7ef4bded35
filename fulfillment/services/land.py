"""What follows from each verdict: one part per verdict, for a locked delivery and attempt.

Each returns whether the road may take its next step at once. Nothing here ever opens a purchase;
a late or repeated verdict finds the row moved on and changes nothing.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings

from core import outbox, transitions
from core.faults import guard_off
from core.tx import part
from fulfillment import postings
from fulfillment.events import DeliveryReversed
from fulfillment.models import Attempt, Delivery
from fulfillment.queries.goods import goods
from fulfillment.services.ask_again import ask_after_success, ask_later, ask_soon, to_person
from fulfillment.services.choose_offer import NEVER_ARRIVED, choose_offer
from fulfillment.services.give_up import give_up
from fulfillment.services.keep_supplied import keep_supplied
from fulfillment.services.open_case import close_case, open_case
from fulfillment.services.prepare_attempt import OUT_OF_REACH, go_on_or_pause
from fulfillment.services.queue_deliveries import hand_over
from fulfillment.states import AttemptState, DeliveryState
from fulfillment.suppliers.base import Answer, Verdict
from fulfillment.suppliers.ladder import Patience, counts_as_never_arrived
from fulfillment.suppliers.registry import adapter_for

UNSETTLED = (AttemptState.SENT, AttemptState.ACCEPTED, AttemptState.UNKNOWN)
#: A success may end a case that two persons have not settled yet: the fact is stronger.
DELIVERABLE = (DeliveryState.DISPATCHED, DeliveryState.UNKNOWN, DeliveryState.MANUAL)


@part
def success(attempt: Attempt, answer: Answer, *, by: str, now: datetime) -> bool:
    """The unit was bought: pay, keep its codes, hand it over. Once."""
    once = not guard_off("supply.once")
    if attempt.state in (AttemptState.SUCCEEDED, AttemptState.REVERSED) and once:
        Attempt.objects.filter(pk=attempt.pk).update(next_query_at=None)
        return False
    if attempt.state not in UNSETTLED and once:
        return _contradiction(attempt, answer, now=now)
    if _wants_codes(attempt) and not answer.codes:
        return ask_soon(attempt, now=now)
    cost = attempt.offer.cost_minor if answer.cost_minor is None else answer.cost_minor
    _close(attempt, AttemptState.SUCCEEDED, answer, by=by, now=now, cost_minor=cost)
    delivery = attempt.delivery
    postings.purchase_succeeded(
        attempt=attempt.public_id,
        supplier=attempt.supplier.code,
        reference=delivery.reference,
        reserved_minor=attempt.max_cost_minor,
        cost_minor=cost,
        currency=attempt.currency,
        now=now,
    )
    if answer.codes and not keep_supplied(
        attempt=attempt, codes=answer.codes, cost_minor=cost, now=now
    ):
        return to_person(attempt, "sold_code", now=now)
    deliver_bought(attempt, cost_minor=cost, supplier_no=answer.supplier_no, by=by, now=now)
    if cost > attempt.max_cost_minor:
        open_case(delivery=delivery, attempt=attempt, why="overcharged", now=now)
    return False


@part
def deliver_bought(
    attempt: Attempt,
    *,
    cost_minor: int,
    supplier_no: str,
    by: str,
    now: datetime,
    approval: str = "",
) -> bool:
    """Move the unit to delivered and hand it over; False when it was over before."""
    delivery = attempt.delivery
    settled = {"approval": approval, "resolved_by": by} if approval else {}
    from_ = list(DeliveryState) if guard_off("supply.once") else DELIVERABLE
    moved = transitions.move(
        Delivery,
        delivery.pk,
        from_=from_,
        to=DeliveryState.DELIVERED,
        now=now,
        by=by,
        why=attempt.number,
        delivered_at=now,
        cost_minor=cost_minor,
        currency=attempt.currency,
        supplier=attempt.supplier_id,
        supplier_no=supplier_no[:64],
        reason="",
        not_before=None,
        **settled,
    )
    if not moved:
        return False
    delivery.state, delivery.delivered_at = DeliveryState.DELIVERED, now
    delivery.cost_minor, delivery.currency = cost_minor, attempt.currency
    hand_over(delivery, goods([delivery.sku_id])[delivery.sku_id], now=now)
    close_case(delivery=delivery, by=by, now=now, why="delivered", approval=approval)
    return True


@part
def acceptance(attempt: Attempt, answer: Answer, *, by: str, now: datetime) -> bool:
    """Taken, not finished: ask again by and by."""
    if attempt.state in (AttemptState.SENT, AttemptState.UNKNOWN):
        transitions.move(
            Attempt,
            attempt.pk,
            from_=[attempt.state],
            to=AttemptState.ACCEPTED,
            now=now,
            by=by,
            why=answer.code,
            supplier_no=answer.supplier_no,
            answer_code=answer.code,
            not_found_count=0,
        )
    elif attempt.state != AttemptState.ACCEPTED:
        return ask_after_success(attempt, now=now)
    return ask_later(attempt, now=now)


@part
def doubt(attempt: Attempt, answer: Answer, *, by: str, now: datetime) -> bool:
    """Nothing is proved. An accepted purchase stays accepted; the rest is unknown. Never bought again."""
    if attempt.state == AttemptState.SENT:
        _doubt_both(attempt, answer.problem or answer.code, by=by, now=now)
    elif attempt.state not in UNSETTLED:
        return ask_after_success(attempt, now=now)
    Attempt.objects.filter(pk=attempt.pk).update(not_found_count=0)
    return ask_later(attempt, now=now, at_least_seconds=answer.retry_after_seconds)


@part
def absence(attempt: Attempt, answer: Answer, *, by: str, now: datetime) -> bool:
    """The supplier knows no such order: a failure only by the whole rule (ladder.py)."""
    if attempt.state not in UNSETTLED:
        return ask_after_success(attempt, now=now)
    if attempt.state == AttemptState.SENT:
        _doubt_both(attempt, answer.code, by=by, now=now)
    patience = Patience(settings.SUPPLY_TIME_SCALE)
    age = (now - (attempt.sent_at or attempt.created_at)).total_seconds()
    gap = patience.not_found_gap_seconds
    counts = age >= patience.not_found_grace_seconds and (
        attempt.not_found_at is None
        or attempt.not_found_count == 0
        or (now - attempt.not_found_at).total_seconds() >= gap
    )
    if counts:
        attempt.not_found_count += 1
        attempt.not_found_at = now
        attempt.save(update_fields=["not_found_count", "not_found_at"])
    if counts_as_never_arrived(
        patience=patience,
        age_seconds=age,
        times=attempt.not_found_count,
        allowed=adapter_for(attempt.supplier.dialect).capabilities.not_found_is_final,
        was_accepted=bool(attempt.supplier_no),
    ):
        never = replace(answer, verdict=Verdict.FAILED, code=NEVER_ARRIVED)
        return refusal(attempt, never, by=by, now=now)
    return ask_later(attempt, now=now, at_most_seconds=gap if counts else None)


@part
def refusal(attempt: Attempt, answer: Answer, *, by: str, now: datetime) -> bool:
    """A definite no: the money returns; the next offer is asked, or the unit has failed."""
    if attempt.state == AttemptState.SUCCEEDED:
        # First yes, then no: nobody flips a delivered unit; people settle it (C05).
        return _report_reversal(attempt, "contradiction", now=now)
    if attempt.state not in UNSETTLED:
        return False
    rejected = answer.verdict is Verdict.REJECTED and attempt.state != AttemptState.ACCEPTED
    state = AttemptState.REJECTED if rejected else AttemptState.FAILED
    _close(attempt, state, answer, by=by, now=now)
    _return_money(attempt, now=now)
    return go_elsewhere(attempt, reason=(answer.code or "refused").lower()[:40], by=by, now=now)


@part
def go_elsewhere(attempt: Attempt, *, reason: str, by: str, now: datetime) -> bool:
    """After a definite no: back to pending when somebody else can be asked, else failed."""
    delivery = attempt.delivery
    if delivery.state == DeliveryState.MANUAL:
        return give_up(delivery=delivery, reason=reason, now=now, by=by)
    if choose_offer(delivery, now=now).why in ("refused", "no_offer"):
        give_up(delivery=delivery, reason=reason, now=now, by=by)
        return False
    for state in (DeliveryState.FAILED, DeliveryState.PENDING):
        transitions.move(
            Delivery,
            delivery.pk,
            from_=[DeliveryState.DISPATCHED, DeliveryState.UNKNOWN, DeliveryState.FAILED],
            to=state,
            now=now,
            by=by,
            why=reason,
            not_before=now,
        )
    return True


@part
def not_sent(attempt: Attempt, answer: Answer, *, by: str, now: datetime) -> bool:
    """No byte left: the money returns; another offer is asked now, or the same one by and by."""
    if attempt.state != AttemptState.SENT:
        return False
    _close(attempt, AttemptState.NOT_SENT, answer, by=by, now=now)
    _return_money(attempt, now=now)
    delivery = attempt.delivery
    transitions.move(
        Delivery,
        delivery.pk,
        from_=[DeliveryState.DISPATCHED],
        to=DeliveryState.PENDING,
        now=now,
        by=by,
        why="not_sent",
    )
    delivery.state = DeliveryState.PENDING
    return go_on_or_pause(delivery, OUT_OF_REACH, now=now)


@part
def reversal(attempt: Attempt, answer: Answer, *, by: str, now: datetime) -> bool:
    """A success was withdrawn. The charge is back; what the owner was told is a person's matter."""
    if attempt.state == AttemptState.SUCCEEDED:
        _close(attempt, AttemptState.REVERSED, answer, by=by, now=now)
        postings.purchase_reversed(
            attempt=attempt.public_id,
            supplier=attempt.supplier.code,
            reference=attempt.delivery.reference,
            cost_minor=attempt.cost_minor or 0,
            currency=attempt.currency,
            now=now,
        )
        return _report_reversal(attempt, "reversed", now=now)
    if attempt.state in UNSETTLED:
        # Success and withdrawal both passed us by: nothing was handed over, nothing is charged.
        _close(attempt, AttemptState.FAILED, answer, by=by, now=now)
        _return_money(attempt, now=now)
        return to_person(attempt, "reversed", now=now)
    return False


@part
def _doubt_both(attempt: Attempt, why: str, *, by: str, now: datetime) -> None:
    transitions.move(
        Attempt,
        attempt.pk,
        from_=[AttemptState.SENT],
        to=AttemptState.UNKNOWN,
        now=now,
        by=by,
        why=why,
        answer_code=why[:64],
    )
    transitions.move(
        Delivery,
        attempt.delivery_id,
        from_=[DeliveryState.DISPATCHED],
        to=DeliveryState.UNKNOWN,
        now=now,
        by=by,
        why=why,
    )
    attempt.state, attempt.delivery.state = AttemptState.UNKNOWN, DeliveryState.UNKNOWN


def _close(
    attempt: Attempt,
    state: str,
    answer: Answer,
    *,
    by: str,
    now: datetime,
    cost_minor: int | None = None,
) -> None:
    also: dict[str, Any] = {} if cost_minor is None else {"cost_minor": cost_minor}
    if answer.supplier_no:
        also["supplier_no"] = answer.supplier_no
    transitions.move(
        Attempt,
        attempt.pk,
        from_=[attempt.state],
        to=state,
        now=now,
        by=by,
        why=answer.code or answer.problem,
        answer_code=(answer.code or answer.problem)[:64],
        closed_at=now,
        next_query_at=None,
        **also,
    )
    attempt.state = state


def _return_money(attempt: Attempt, *, now: datetime) -> None:
    postings.purchase_refused(
        attempt=attempt.public_id,
        supplier=attempt.supplier.code,
        reference=attempt.delivery.reference,
        reserved_minor=attempt.max_cost_minor,
        currency=attempt.currency,
        now=now,
    )


def _wants_codes(attempt: Attempt) -> bool:
    return attempt.delivery.target is None


def _contradiction(attempt: Attempt, answer: Answer, *, now: datetime) -> bool:
    """First no, then yes (C05): we owe the supplier, the buyer was told otherwise. People decide."""
    cost = attempt.offer.cost_minor if answer.cost_minor is None else answer.cost_minor
    postings.purchase_contradicted(
        attempt=attempt.public_id,
        supplier=attempt.supplier.code,
        reference=attempt.delivery.reference,
        cost_minor=cost,
        currency=attempt.currency,
        now=now,
    )
    open_case(
        delivery=attempt.delivery,
        attempt=attempt,
        why="contradiction",
        now=now,
        note=answer.supplier_no,
    )
    return False


def _report_reversal(attempt: Attempt, why: str, *, now: datetime) -> bool:
    delivery = attempt.delivery
    Attempt.objects.filter(pk=attempt.pk).update(next_query_at=None)
    if not open_case(delivery=delivery, attempt=attempt, why=why, now=now):
        return False
    outbox.publish(
        DeliveryReversed(
            reference=delivery.reference,
            line=delivery.line,
            delivery=delivery.public_id,
            unit=delivery.unit,
            reason=why,
        ),
        now=now,
    )
    return False
