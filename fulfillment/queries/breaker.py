"""Whether new purchases at a supplier are paused (R-SUP-6): what the breaker's row says at a moment.

The row is written by `services/trip_breaker.py`. Questions are never paused by it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from fulfillment.models import SupplierCircuit
from fulfillment.states import CircuitState

ORDER, QUERY = SupplierCircuit.Operation.ORDER, SupplierCircuit.Operation.QUERY
#: Purchases let through a half-open breaker.
PROBES = 3
#: A probe that was not answered after this long (its worker died) gives its place to another.
PROBE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """State at a moment. ``probes_left``: None when closed, else how many may try now."""

    state: str = CircuitState.CLOSED
    until: datetime | None = None
    probes_left: int | None = None


def breaker_at(row: SupplierCircuit | None, *, now: datetime) -> Breaker:
    """How a breaker stands at `now`; open past its pause means half open, with all its probes."""
    if row is None or row.state == CircuitState.CLOSED:
        return Breaker()
    if row.state == CircuitState.OPEN and row.until is not None:
        if row.until > now:
            return Breaker(CircuitState.OPEN, row.until, 0)
        return Breaker(CircuitState.HALF_OPEN, None, PROBES)
    left = PROBES - row.probes
    if left <= 0 and _may_still_answer(row, now=now):
        return Breaker(CircuitState.HALF_OPEN, None, 0)
    return Breaker(CircuitState.HALF_OPEN, None, left if left > 0 else PROBES)


def _may_still_answer(row: SupplierCircuit, *, now: datetime) -> bool:
    if row.probed_at is None:
        return False
    return now < row.probed_at + timedelta(seconds=PROBE_SECONDS * settings.SUPPLY_TIME_SCALE)


def paused_until(supplier_id: int, *, now: datetime, operation: str = ORDER) -> datetime | None:
    """The moment until which nothing new is bought there; None while the circuit is not open."""
    row = SupplierCircuit.objects.filter(supplier_id=supplier_id, operation=operation).first()
    return breaker_at(row, now=now).until
