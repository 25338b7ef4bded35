"""The simulator's clock: machine time plus an offset that a script may move."""

import time
from datetime import datetime, timedelta, timezone

from simulators.store import Store

SHANGHAI = timezone(timedelta(hours=8))


class Clock:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._offset = float(store.meta("clock_offset", "0"))

    def unix(self) -> float:
        return time.time() + self._offset

    def stamp(self) -> str:
        return str(int(self.unix()))

    def move(self, offset_seconds: float) -> None:
        self._store.set_meta("clock_offset", str(offset_seconds))
        self._offset = offset_seconds


def text(unix: float | None) -> str:
    """RFC 3339 with the offset of Shanghai; empty for None."""
    if unix is None:
        return ""
    return datetime.fromtimestamp(unix, SHANGHAI).isoformat(timespec="seconds")


def parse(value: str) -> float:
    """Unix seconds of an RFC 3339 text. Raises ValueError without an offset."""
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("a time without offset")
    return at.timestamp()


def day_bounds(day: str) -> tuple[float, float]:
    """First and last-plus-one Unix second of a day in Shanghai. Raises ValueError."""
    start = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=SHANGHAI)
    return start.timestamp(), (start + timedelta(days=1)).timestamp()
