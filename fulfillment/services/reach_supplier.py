"""One call to a supplier, bounded in time; whatever goes wrong in an adapter proves nothing."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import connection

from core.wire import deadline
from fulfillment.models import Supplier
from fulfillment.suppliers.base import Answer, Verdict

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reached:
    """What came back, and how long that took in milliseconds."""

    answer: Answer
    took_ms: int


def reach_supplier(supplier: Supplier, ask: Callable[[], Answer]) -> Reached:
    """Run an adapter's call within the supplier's time budget. Never raises for what it does.

    The connection to the database goes back to the pool meanwhile: a slow supplier must not keep
    it from the others (R-SUP-7).
    """
    if settings.DATABASE_POOL and not connection.in_atomic_block:
        connection.close()
    started = time.monotonic()
    try:
        with deadline(supplier.call_seconds):
            answer = ask()
    except Exception as error:  # R-SUP 2.4: an adapter's failure proves nothing
        log.exception("adapter_failed", supplier=supplier.code)
        answer = Answer(Verdict.UNKNOWN, problem=f"adapter: {type(error).__name__}")
    return Reached(answer, round((time.monotonic() - started) * 1000))
