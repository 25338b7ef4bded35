"""Alerts of supply: what is true now is compared with what stands open, and the difference written.

Nobody closes an alert by hand: it closes when a look finds that it is over. Two looks at once write
the same, since one open alert per kind and subject is all the database takes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from core.tx import step
from fulfillment.models import Alert
from fulfillment.queries import leaks, watching

LOCK = "fulfillment.alerts"


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that is true now."""

    kind: str
    subject: str
    facts: dict[str, Any] = field(default_factory=dict)


Look = Callable[[datetime], Iterable[watching.Finding]]
#: Every kind with the question that finds it. A kind that is not asked is not closed either.
LOOKS: dict[str, Look] = {
    Alert.Kind.RUNS_OUT: watching.runs_out,
    Alert.Kind.EXPIRING: watching.expiring,
    Alert.Kind.LOW_BALANCE: watching.low_balance,
    Alert.Kind.OFFER_GONE: watching.offer_gone,
    Alert.Kind.COST_ABOVE_PRICE: watching.cost_above_price,
    Alert.Kind.LATE_PURCHASE: watching.late_purchase,
    Alert.Kind.SYNC_STALE: watching.sync_stale,
    Alert.Kind.LEAKED: leaks.leaked,
    Alert.Kind.SHARED: leaks.shared,
    Alert.Kind.DEAD: leaks.dead,
    Alert.Kind.STAFF_LOOKS: leaks.staff_looks,
}


def watch_alerts(*, now: datetime) -> tuple[int, int]:
    """Look at everything; returns how many alerts were opened and closed. Waits for nobody."""
    signs = [
        Sign(kind, subject, facts) for kind, look in LOOKS.items() for subject, facts in look(now)
    ]
    return _write(signs, now)


@step()
def _write(signs: list[Sign], now: datetime) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(hashtext(%s))", [LOCK])
        if not cursor.fetchone()[0]:
            return 0, 0
    true_now = {(sign.kind, sign.subject): sign for sign in signs}
    standing = {
        (alert.kind, alert.subject): alert
        for alert in Alert.objects.filter(kind__in=list(LOOKS), closed_at__isnull=True)
    }
    fresh = [
        Alert(kind=sign.kind, subject=sign.subject, facts=sign.facts, opened_at=now, seen_at=now)
        for key, sign in true_now.items()
        if key not in standing
    ]
    Alert.objects.bulk_create(fresh)
    for key, alert in standing.items():
        if key in true_now:
            alert.facts, alert.seen_at = true_now[key].facts, now
    Alert.objects.bulk_update(
        [alert for key, alert in standing.items() if key in true_now], ["facts", "seen_at"]
    )
    over = [alert.pk for key, alert in standing.items() if key not in true_now]
    closed = Alert.objects.filter(pk__in=over, closed_at__isnull=True).update(closed_at=now)
    return len(fresh), closed
