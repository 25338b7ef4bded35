"""Core's own periodic work. Each takes no business ids and may run twice at once."""

from datetime import timedelta
from typing import Any

from celery import shared_task

from core import approvals, audit, clock, heartbeat, invariants, limits, outbox
from core.reconciliation.runs import reconcile_due


@shared_task(name="core.relay")
def relay(*_: Any) -> None:
    outbox.relay()


@shared_task(name="core.seal_audit")
def seal_audit(*_: Any) -> None:
    for _round in range(50):
        if audit.seal(now=clock.now()) == 0:
            return


@shared_task(name="core.heartbeat")
def beat(*_: Any) -> None:
    heartbeat.beat("worker", now=clock.now())


@shared_task(name="core.tidy")
def tidy(*_: Any) -> None:
    now = clock.now()
    approvals.expire_old(now=now)
    limits.prune(now=now)
    outbox.prune(before=now - timedelta(days=30))


@shared_task(name="core.check_invariants")
def check_invariants(*_: Any) -> None:
    heartbeat.report_invariants(invariants.check_all(now=clock.now()), now=clock.now())


@shared_task(name="core.reconcile")
def reconcile(*_: Any) -> None:
    """Compare our books with everybody else's, as far as their statements are there."""
    reconcile_due(now=clock.now())
