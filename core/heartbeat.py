"""Signs of life of the background parts, and the last verdict of the invariants."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog

from core.invariants import INVARIANTS, Violation
from core.models.system import Heartbeat

log = structlog.get_logger(__name__)


def beat(name: str, *, now: datetime, **detail: Any) -> None:
    """Say that the named part is alive."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now, "detail": detail})


def age_seconds(name: str, *, now: datetime) -> float | None:
    """Seconds since the named part last showed itself; None when it never did."""
    row = Heartbeat.objects.filter(name=name).first()
    return (now - row.at).total_seconds() if row else None


def report_invariants(violations: Sequence[Violation], *, now: datetime) -> None:
    """Remember the verdict for the admin and raise the alarm in the log."""
    for violation in violations:
        log.error("invariant_violated", invariant=violation.invariant.id, rows=len(violation.rows))
    beat(
        "invariants",
        now=now,
        checked=len(INVARIANTS),
        violated=[violation.invariant.id for violation in violations],
    )
