"""What a supplier said: first the fact, then, in a second transaction, what follows from it.

Facts are appended whoever heard them; decisions are fenced. A success (or its reversal) is true
whoever reports it; everything else is decided only by the holder of the delivery's lease.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from core import transitions
from core.faults import guard_off
from core.leases import Lease
from core.tx import part, step
from fulfillment.models import Attempt, SupplierEvent
from fulfillment.queries.breaker import ORDER, QUERY
from fulfillment.services import land
from fulfillment.services.lock_delivery import lock_delivery
from fulfillment.services.prepare_attempt import go_on_or_pause
from fulfillment.services.trip_breaker import note_call, return_probe
from fulfillment.states import AttemptState
from fulfillment.suppliers.base import Answer, Verdict

#: Answers to calls of ours, and the breaker that each of them moves.
CALLS: dict[str, str] = {SupplierEvent.Source.ANSWER: ORDER, SupplierEvent.Source.QUERY: QUERY}

#: Verdicts that are facts of the world, not estimates of ours.
UNFENCED = frozenset({Verdict.SUCCEEDED, Verdict.REVERSED})

LANDINGS = {
    Verdict.SUCCEEDED: land.success,
    Verdict.ACCEPTED: land.acceptance,
    Verdict.REJECTED: land.refusal,
    Verdict.FAILED: land.refusal,
    Verdict.NOT_SENT: land.not_sent,
    Verdict.UNKNOWN: land.doubt,
    Verdict.NOT_FOUND: land.absence,
    Verdict.REVERSED: land.reversal,
}


@dataclass(frozen=True, slots=True)
class Heard:
    """A stored fact; ``fresh`` is false when the same message had been stored before."""

    event_id: int
    fresh: bool


def record_answer(
    *,
    attempt: Attempt,
    answer: Answer,
    source: str,
    lease: Lease,
    by: str,
    now: datetime,
    took_ms: int,
) -> bool:
    """Store and settle one answer to a call of ours. True when the road may go on at once.

    Both in one transaction; should settling fail, the fact is still kept. ``took_ms``: how long the
    call lasted, in milliseconds.
    """
    fact = fact_of(
        answer, supplier_id=attempt.supplier_id, attempt_id=attempt.pk, number=attempt.number,
        source=source, now=now, took_ms=took_ms,
    )  # fmt: skip
    try:
        with step():
            fact.save(force_insert=True)
            going_on = _settle(attempt.pk, attempt.delivery_id, answer, lease=lease, by=by, now=now)
            _tell_breaker(attempt, fact, now=now)
    except Exception:
        fact.pk = None
        with step():
            fact.save(force_insert=True)
            _tell_breaker(attempt, fact, now=now)
        raise
    return going_on


def _tell_breaker(attempt: Attempt, fact: SupplierEvent, *, now: datetime) -> None:
    note_call(
        supplier_id=attempt.supplier_id, operation=CALLS[fact.source], verdict=fact.verdict,
        probe=attempt.probe, now=now,
    )  # fmt: skip


def fact_of(
    answer: Answer,
    *,
    supplier_id: int,
    attempt_id: int | None,
    number: str,
    source: str,
    now: datetime,
    dedupe_key: str = "",
    took_ms: int | None = None,
) -> SupplierEvent:
    """What was heard as a row that is not saved yet."""
    return SupplierEvent(
        supplier_id=supplier_id,
        attempt_id=attempt_id,
        source=source,
        verdict=answer.verdict,
        trusted=answer.trusted,
        number=number[:64],
        supplier_no=answer.supplier_no,
        cost_minor=answer.cost_minor,
        code=answer.code,
        problem=answer.problem[:200],
        status=answer.status,
        digest=answer.digest,
        dedupe_key=dedupe_key[:80],
        took_ms=took_ms,
        at=now,
    )


@step()
def note_answer(
    *,
    supplier_id: int,
    attempt_id: int | None,
    number: str,
    answer: Answer,
    source: str,
    now: datetime,
    dedupe_key: str,
) -> Heard:
    """Append what came unasked. ``dedupe_key`` makes a repeated message one fact."""
    held = SupplierEvent.objects.filter(supplier_id=supplier_id, dedupe_key=dedupe_key).first()
    if held is not None:
        return Heard(held.pk, fresh=False)
    fact = fact_of(
        answer, supplier_id=supplier_id, attempt_id=attempt_id, number=number, source=source,
        now=now, dedupe_key=dedupe_key,
    )  # fmt: skip
    try:
        with transaction.atomic():
            fact.save(force_insert=True)
    except IntegrityError:
        # Two copies at once: the other one was first.
        held = SupplierEvent.objects.get(supplier_id=supplier_id, dedupe_key=dedupe_key[:80])
        return Heard(held.pk, fresh=False)
    return Heard(fact.pk, fresh=True)


@step()
def settle_answer(
    *, attempt_id: int, answer: Answer, lease: Lease | None, by: str, now: datetime
) -> bool:
    """Let the answer change attempt, delivery and ledger, once. True to go on at once."""
    delivery_id = Attempt.objects.values_list("delivery_id", flat=True).get(pk=attempt_id)
    return _settle(attempt_id, delivery_id, answer, lease=lease, by=by, now=now)


@part
def _settle(
    attempt_id: int,
    delivery_id: int,
    answer: Answer,
    *,
    lease: Lease | None,
    by: str,
    now: datetime,
) -> bool:
    delivery = lock_delivery(pk=delivery_id)
    assert delivery is not None
    mine = lease is not None and delivery.lease_token == lease.token
    if not mine and answer.verdict not in UNFENCED:
        return False
    attempt = (
        Attempt.objects.select_for_update(of=("self",))
        .select_related("supplier")
        .get(pk=attempt_id)
    )
    attempt.delivery = delivery
    verdict = answer.verdict
    if verdict is Verdict.UNKNOWN and guard_off("supply.unknown"):
        verdict = Verdict.FAILED  # what others do; the negative control of C01
    return LANDINGS[verdict](attempt, answer, by=by, now=now)


@step()
def drop_attempt(*, attempt_id: int, lease: Lease, why: str, now: datetime) -> bool:
    """A prepared attempt cannot leave (keys, inputs, money, switched off): nothing was sent.

    True when another offer can be asked at once; else the unit waits.
    """
    delivery = lock_delivery(pk=lease.pk, lease=lease)
    if delivery is None:
        return False
    moved = transitions.move(
        Attempt,
        attempt_id,
        from_=[AttemptState.PREPARED],
        to=AttemptState.NOT_SENT,
        now=now,
        by="worker",
        why=why,
        answer_code=why,
        closed_at=now,
        next_query_at=None,
    )
    attempt = Attempt.objects.only("supplier_id", "probe").get(pk=attempt_id)
    if moved and attempt.probe:
        return_probe(supplier_id=attempt.supplier_id)
    return moved and go_on_or_pause(delivery, why, now=now)
