"""Ask the provider about payments that have not told us how they ended (R-PAY-6, R-PAY-8).

The same step applies the answer that a notice would have applied: `confirm_payment.py`.
"""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError
from django.db.models import Q

from core import leases, transitions
from core.each import each, turns
from core.tx import step
from orders.models import Payment
from orders.models.notice import Verdict
from orders.payments import registry
from orders.payments.base import Answer, Standing
from orders.queries.ladder import next_query_at
from orders.services.confirm_payment import Mismatch, Receipt, confirm_payment
from orders.services.set_aside import set_aside
from orders.states import OPEN_PAYMENT, OrderState, PaymentState

log = structlog.get_logger(__name__)

# Without an answer, asking again goes on at this pace; somebody is told after so many tries.
UNANSWERED_SECONDS = 60
# Money that does not fit waits for people; asking only tells whether the provider changed its mind.
QUESTIONED_SECONDS = 3600
ALARM_TRIES = 10


def query_payments(*, now: datetime, limit: int = 20) -> int:
    """Ask about due payments one by one. Returns how many were asked about."""
    return each(
        lambda _: query_payment(now=now), turns(limit), name="query_payment", while_true=True
    )


def query_payment(*, now: datetime, payment: str = "", acting: str = "worker") -> bool:
    """Ask about the most overdue payment (or the named one) that nobody holds; False when none is.

    A payment of a closed order is closed at the provider instead, which either makes sure that no
    money comes any more or brings the news that it is there.
    """
    where = Q(state__in=OPEN_PAYMENT)
    where &= Q(public_id=payment) if payment else Q(not_before__isnull=False)
    if payment:
        # Somebody asks now, whatever the ladder says.
        Payment.objects.filter(where, not_before__gt=now).update(not_before=now)
    claimed = leases.claim(Payment, where=where, limit=1, seconds=settings.LEASE_SECONDS, now=now)
    if not claimed:
        return False
    row = Payment.objects.select_related("order").get(pk=claimed[0].pk)
    provider = registry.get(row.provider)
    closing = row.order.state != OrderState.PENDING_PAYMENT
    answer = (provider.close if closing else provider.query)(row.number, now=now)
    if answer.standing == Standing.SUCCEEDED:
        _confirm(row, answer, now=now)
    else:
        _record(row, answer, closing=closing, now=now)
    return True


def _confirm(row: Payment, answer: Answer, *, now: datetime) -> None:
    # An instant provider moves no money, so it has no currency to be wrong about.
    currency = row.currency if registry.get(row.provider).instant else answer.currency
    receipt = Receipt(row.provider, row.number, answer.amount_minor or 0, currency, answer.txn)
    try:
        confirm_payment(receipt=receipt, now=now, acting=f"provider:{row.provider}")
    except Mismatch as mismatch:
        _question(row, receipt, Verdict(mismatch.verdict), now)
    except IntegrityError:
        used = Payment.objects.filter(provider=row.provider, provider_txn=receipt.txn)
        if not receipt.txn or not used.exclude(pk=row.pk).exists():
            raise
        _question(row, receipt, Verdict.USED_TXN, now)


@step()
def _question(row: Payment, receipt: Receipt, verdict: Verdict, now: datetime) -> None:
    """Money that does not fit is never "close enough": the payment stays open and people look."""
    set_aside(
        payment=row, verdict=verdict, amount_minor=receipt.amount_minor, currency=receipt.currency,
        txn=receipt.txn, now=now,
    )  # fmt: skip
    transitions.move(
        Payment, row.pk, from_=[PaymentState.SUBMITTED], to=PaymentState.UNKNOWN, now=now,
        by=f"provider:{row.provider}", why=verdict, state_at=now,
    )  # fmt: skip
    _later(row, now + timedelta(seconds=QUESTIONED_SECONDS))


def _record(row: Payment, answer: Answer, *, closing: bool, now: datetime) -> None:
    if answer.standing == Standing.CLOSED:
        with step():
            transitions.move(
                Payment, row.pk, from_=OPEN_PAYMENT, to=PaymentState.CLOSED, now=now,
                by=f"provider:{row.provider}", why="closed at the provider", state_at=now,
                not_before=None, lease_until=None,
            )  # fmt: skip
        return
    if answer.standing == Standing.UNKNOWN or closing:
        if row.tries >= ALARM_TRIES:
            log.error("payment_unresolved", payment=row.public_id, why=answer.why)
        _later(row, now + timedelta(seconds=UNANSWERED_SECONDS))
        return
    _later(row, next_query_at(created_at=row.created_at, expires_at=row.order.expires_at, now=now))


def _later(row: Payment, at: datetime | None) -> None:
    Payment.objects.filter(pk=row.pk, state__in=OPEN_PAYMENT).update(
        not_before=at, lease_until=None
    )
