"""Send a refund to its provider and find out what became of it; nothing is assumed (R-PAY-9).

The row is committed before the call. An unknown outcome is asked about with the same number, and
the same number is sent again only when the provider says it never saw it.
"""

from datetime import datetime

import structlog
from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from core import leases, outbox, transitions
from core.each import each, turns
from core.faults import crashpoint
from core.tx import part, step
from orders import postings
from orders.events import LineRefunded, OrderRefunded
from orders.models import Refund
from orders.models.refund import RefundKind
from orders.payments import registry
from orders.payments.base import RefundAnswer, RefundRequest, Return
from orders.queries.ladder import next_refund_try_at
from orders.queries.orders import lock_order, returned_minor
from orders.services.derive_order import derive_order
from orders.states import PUSHABLE_REFUND, RefundState

log = structlog.get_logger(__name__)

ASKABLE = frozenset({RefundState.SUBMITTED, RefundState.PROCESSING, RefundState.UNKNOWN})
# After this many tries without a final answer somebody has to look; asking goes on.
ALARM_TRIES = 8


def push_refunds(*, now: datetime, limit: int = 20) -> int:
    """Take up due refunds one by one. Returns how many were taken up."""
    return each(lambda _: push_refund(now=now), turns(limit), name="push_refund", while_true=True)


def push_refund(*, now: datetime, refund: str = "") -> bool:
    """Take up the most overdue refund (or the named one) that nobody holds; False when none is.

    Crash points CP15 (row committed, before the call) and CP16 (answered, before commit).
    """
    where = Q(state__in=PUSHABLE_REFUND)
    where &= Q(public_id=refund) if refund else Q(not_before__isnull=False)
    claimed = leases.claim(Refund, where=where, limit=1, seconds=settings.LEASE_SECONDS, now=now)
    if not claimed:
        return False
    lease = claimed[0]
    row = Refund.objects.select_related("payment", "order").get(pk=lease.pk)
    asked_before = row.state in ASKABLE
    if not asked_before and not _submit(row, lease.token, now):
        return True
    crashpoint("CP15")
    answer = _ask(row, asked_before=asked_before, now=now)
    crashpoint("CP16")
    record_refund_answer(refund=row.public_id, number=row.number, answer=answer, now=now)
    return True


@step()
def _submit(row: Refund, token: str, now: datetime) -> bool:
    if not Refund.objects.select_for_update().filter(pk=row.pk, lease_token=token).exists():
        return False
    return transitions.move(
        Refund, row.pk, from_=[RefundState.APPROVED], to=RefundState.SUBMITTED,
        now=now, by="worker", state_at=now,
    )  # fmt: skip


def _ask(row: Refund, *, asked_before: bool, now: datetime) -> RefundAnswer:
    # What only the balance had paid for is back already: no provider has anything to send.
    provider = registry.get(row.payment.provider if row.amount_minor else registry.FREE)
    if asked_before:
        answer = provider.query_refund(row.number, now=now)
        if answer.standing != Return.ABSENT:
            return answer
    request = RefundRequest(
        number=row.payment.number,
        refund_number=row.number,
        amount_minor=row.amount_minor,
        currency=row.currency,
        reason=row.reason,
        notify_url=settings.SITE_URL + reverse("orders:notice", args=[row.payment.provider]),
    )
    return provider.refund(request, now=now)


def record_refund_answer(*, refund: str, number: str, answer: RefundAnswer, now: datetime) -> str:
    """Write down what the provider says about a refund. Returns the refund's state.

    An answer of another amount or currency is not believed: the refund stays unknown and alarms.
    An answer about another `number` than the refund has now speaks of a try that is over: a person
    has sent it anew meanwhile, and the new number's own answer decides.
    """
    with step():
        return _record(refund, number, answer, now)


@part
def _record(public_id: str, number: str, answer: RefundAnswer, now: datetime) -> str:
    # The order first: a success may change it (design.md, lock order).
    order_id = Refund.objects.values_list("order__public_id", flat=True).get(public_id=public_id)
    order = lock_order(order_id)
    row = (
        Refund.objects.select_for_update(of=("self",))
        .select_related("payment")
        .get(public_id=public_id)
    )
    if row.number != number:
        log.error("refund_answer_of_old_number", refund=row.public_id, standing=answer.standing)
        return row.state
    if row.state not in ASKABLE or order is None:
        return row.state
    standing = _believed(row, answer)
    if standing == Return.SUCCEEDED:
        _succeed(row, answer, now)
        row.order = order
        _tell(row, now)
        return RefundState.SUCCEEDED
    if standing == Return.FAILED:
        _move(row, RefundState.FAILED, now, why=answer.why, not_before=None)
        log.error("refund_failed", refund=row.public_id, why=answer.why)
        return RefundState.FAILED
    state = RefundState.PROCESSING if standing == Return.PROCESSING else RefundState.UNKNOWN
    if answer.not_sent or standing == Return.ABSENT:
        state = RefundState(row.state)
    if state != row.state:
        _move(row, state, now, why=answer.why)
    Refund.objects.filter(pk=row.pk).update(
        not_before=next_refund_try_at(tries=row.tries, now=now), lease_until=None,
        last_error=answer.why[:200],
    )  # fmt: skip
    if row.tries >= ALARM_TRIES:
        log.error("refund_unresolved", refund=row.public_id, tries=row.tries, why=answer.why)
    return state


def _believed(row: Refund, answer: RefundAnswer) -> Return:
    if answer.standing != Return.SUCCEEDED:
        return answer.standing
    if (answer.amount_minor, answer.currency) != (row.amount_minor, row.currency):
        log.error("refund_mismatch", refund=row.public_id, said=answer.amount_minor)
        return Return.UNKNOWN
    return Return.SUCCEEDED


def _move(row: Refund, to: RefundState, now: datetime, *, why: str, **also: object) -> None:
    transitions.move(
        Refund, row.pk, from_=[row.state], to=to, now=now, by="worker", why=why, state_at=now,
        lease_until=None, last_error=why[:200], **also,
    )  # fmt: skip


@part
def _succeed(row: Refund, answer: RefundAnswer, now: datetime) -> None:
    transitions.move(
        Refund, row.pk, from_=[row.state], to=RefundState.SUCCEEDED, now=now,
        by=f"provider:{row.payment.provider}", state_at=now, succeeded_at=now, not_before=None,
        lease_until=None, provider_txn=answer.txn, last_error="",
    )  # fmt: skip
    postings.post(
        postings.refund_succeeded(
            refund=row.public_id, order=row.order.public_id, provider=row.payment.provider,
            amount_minor=row.amount_minor, currency=row.currency,
        ),
        now=now,
    )  # fmt: skip


@part
def _tell(row: Refund, now: datetime) -> None:
    order = row.order
    derive_order(order, now=now, acting="system", why=f"refund {row.public_id}")
    totals: dict[str, tuple[int, int]] = {}
    for line, amount in row.lines.values_list("line__public_id", "amount_minor"):
        units, minor = totals.get(line, (0, 0))
        totals[line] = (units + 1, minor + amount)
    for line, (units, minor) in totals.items():
        event = LineRefunded(order.public_id, line, row.public_id, units, minor, row.currency)
        outbox.publish(event, now=now)
    full = row.kind in {RefundKind.LATE, RefundKind.DUPLICATE}
    outbox.publish(
        OrderRefunded(
            order.public_id, row.public_id, row.total_minor, row.currency,
            full or returned_minor(order) == order.total_minor,
        ),
        now=now,
    )  # fmt: skip
