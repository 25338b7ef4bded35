"""One clock: the database's, carried by this process's monotonic clock between readings.

The database decides expiry (R-ST-4); a jump of an application server's wall clock moves nothing.
`now()` is read once at the edge of a request or task and passed down. Tests and the sandbox may
shift it for every process at once through `move`, where TEST_HOOKS allows it.
"""

import threading
import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection

RECALIBRATE_SECONDS = 10.0
RECALIBRATE_MOVABLE_SECONDS = 0.2


class _Reading:
    __slots__ = ("base", "taken")

    def __init__(self, base: datetime, taken: float) -> None:
        self.base, self.taken = base, taken


_reading: _Reading | None = None
_lock = threading.Lock()


def now() -> datetime:
    """Database time plus the test offset, aware (UTC). Costs no statement while calibrated."""
    global _reading  # noqa: PLW0603  one reading per process is the point
    limit = RECALIBRATE_MOVABLE_SECONDS if settings.TEST_HOOKS else RECALIBRATE_SECONDS
    current = _reading
    if current is None or time.monotonic() - current.taken > limit:
        with _lock:
            try:
                current = _reading = _calibrate()
            except DatabaseError:
                if current is None:
                    raise
    return current.base + timedelta(seconds=time.monotonic() - current.taken)


def _calibrate() -> _Reading:
    with connection.cursor() as cursor:
        before = time.monotonic()
        if settings.TEST_HOOKS:
            cursor.execute(
                "select clock_timestamp() + make_interval(secs =>"
                " coalesce((select max(seconds) from core_clockoffset), 0))"
            )
        else:
            cursor.execute("select clock_timestamp()")
        (base,) = cursor.fetchone()
        after = time.monotonic()
    return _Reading(base.astimezone(UTC), (before + after) / 2)


def forget() -> None:
    """Read the database again at the next call (after a fork, after a move)."""
    global _reading  # noqa: PLW0603
    _reading = None


def move(seconds: float) -> None:
    """Shift the clock of all processes by `seconds` more. Raises unless TEST_HOOKS is on."""
    _set_offset("core_clockoffset.seconds + excluded.seconds", seconds)


def reset() -> None:
    """Take the shift back."""
    _set_offset("excluded.seconds", 0)


def _set_offset(expression: str, seconds: float) -> None:
    if not settings.TEST_HOOKS:
        raise RuntimeError("the clock is only movable where TEST_HOOKS is on")
    with connection.cursor() as cursor:
        statement = (
            "insert into core_clockoffset (id, seconds) values (1, %s)"  # noqa: S608  two constants
            f" on conflict (id) do update set seconds = {expression}"
        )
        cursor.execute(statement, [seconds])
    forget()
