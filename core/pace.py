"""How much of a heavy kind of work one process takes on beside everything else it serves.

Work is timed where it is done. As the host gets slower, fewer are let in; as it recovers, more. What
is let in at once is bounded too, so that a thread is left for others whatever tickets people hold.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

WEIGHT = 0.2


class Pace:
    """Little's law: so many a second that on average `share` of one piece is under way."""

    def __init__(self, *, share: float, least: float, at_once: int = 1) -> None:
        self.share, self.least = share, least
        self._took = 0.0
        self._slots = threading.BoundedSemaphore(at_once)

    def per_second(self, most: float) -> float:
        """How many a second may be let in: `most` while nothing is known, never under `least`."""
        if not self._took:
            return most
        return min(most, max(self.least, self.share / self._took))

    def took(self, seconds: float) -> None:
        """A piece of work took so long; the later ones weigh more."""
        before = self._took or seconds
        self._took = before + WEIGHT * (seconds - before)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Do one piece inside and have it timed. False: as many as may are under way; do not."""
        if not self._slots.acquire(blocking=False):
            yield False
            return
        began = time.perf_counter()
        try:
            yield True
        finally:
            self.took(time.perf_counter() - began)
            self._slots.release()

    def forget(self) -> None:
        """Know nothing again: between tests."""
        self._took = 0.0
