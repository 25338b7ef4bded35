"""Everything that ever happened to an order, for the people who look after it."""

from dataclasses import dataclass
from datetime import datetime

from core.models import AuditEntry, StateChange
from core.transitions import history, in_words
from fulfillment.models import Attempt, Delivery
from orders.models import Notice, Order, OrderWait, Payment, Refund


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: `what` in words for people, `by` whom, and why."""

    at: datetime
    subject: str
    what: str
    by: str = ""
    why: str = ""


def timeline(order: Order) -> list[Event]:
    """State changes, notices with their verdicts and audited acts about an order, oldest first."""
    payments = list(Payment.objects.filter(order=order))
    refunds = list(Refund.objects.filter(order=order).values_list("public_id", flat=True))
    deliveries = list(
        Delivery.objects.filter(reference=order.public_id).values_list("public_id", flat=True)
    )
    attempts = Attempt.objects.filter(delivery__reference=order.public_id)
    waits = OrderWait.objects.filter(order=order).values_list("pk", flat=True)
    subjects = [
        order.public_id,
        *(payment.public_id for payment in payments),
        *refunds,
        *deliveries,
        *attempts.values_list("public_id", flat=True),
    ]
    events = [_change(row) for row in history(*subjects)]
    events += [_change(row) for row in history(*map(str, waits)).filter(entity="orderwait")]
    events += [_notice(notice) for notice in Notice.objects.filter(payment__in=payments)]
    events += [_act(entry) for entry in AuditEntry.objects.filter(subject__in=subjects)]
    return sorted(events, key=lambda event: event.at)


def _change(row: StateChange) -> Event:
    subject = row.subject if "_" in row.subject else row.entity
    return Event(row.at, subject, in_words(row), row.by, row.why)


def _notice(notice: Notice) -> Event:
    return Event(
        notice.received_at, notice.public_id, f"{notice.get_verdict_display()} · {notice.get_outcome_display()}",
        f"provider:{notice.provider}", notice.provider_txn,
    )  # fmt: skip


def _act(entry: AuditEntry) -> Event:
    return Event(
        entry.at, entry.subject, entry.tag, entry.by, str((entry.after or {}).get("reason", ""))
    )
