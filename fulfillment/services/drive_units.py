"""The worker's loop: take up what is due, fairly, and walk many units at once (R-SUP-7).

One process at a time drives, with threads that mostly wait for suppliers. A lane never gets all of
them: what a slow supplier holds is bounded by its own calls, so the others' units find a thread.
The rows stay the queue; whoever dies here loses its lease and nothing else.
"""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connections
from django.db.models import Q

from core import clock, leases, wake
from core.faults import crashpoint
from core.leases import Lease
from fulfillment import road
from fulfillment.models import Delivery
from fulfillment.queries.lanes import Lane, next_due, purchase_lanes, question_lanes, strays
from fulfillment.services.queue_deliveries import DRIVE_TASK

log = structlog.get_logger(__name__)

DUTY = "fulfillment.drive"
#: A run ends by itself after this, so that a deploy or another process gets its turn.
RUN_SECONDS = 45.0
#: How often the tables are looked at while threads are free, and how long an idle one stays.
TICK_SECONDS, LINGER_SECONDS = 0.05, 0.25
#: How often somebody looks for units that no lane has brought up.
STRAYS_SECONDS = 1.0
#: A purchase lane gets at most this part of the threads, questions to one supplier the other.
PURCHASE_SHARE, QUESTION_SHARE = 0.75, 0.25
#: A unit whose visit failed for a reason of ours is not looked at again before this.
AFTER_FAILURE = timedelta(seconds=5)


def drive_units(*, seconds: float | None = None) -> float | None:
    """Drive until nothing is due, or so many seconds. Seconds until something is due again.

    0.0 when there is more to do at once (the next run is woken already), None when nothing is due at
    all or others drive already. Runs outside any transaction.
    """
    budget = RUN_SECONDS if seconds is None else seconds
    for number in range(settings.SUPPLY_DRIVERS):
        name = f"{DUTY}:{number}"
        token = leases.take_duty(name, seconds=_duty_seconds(), now=clock.now())
        if token:
            return _Drive(name, token).run(until=time.monotonic() + budget)
    return None


def _duty_seconds() -> float:
    """Long enough to be renewed in time, short enough that a dead driver is soon replaced."""
    return max(2.0, float(settings.SWEEP_SECONDS))


class _Drive:
    """One run: its threads, what is in the air in each lane, and the duty it holds."""

    def __init__(self, name: str, token: str) -> None:
        self.name, self.token = name, token
        self.threads = int(settings.SUPPLY_THREADS)
        self.pool = ThreadPoolExecutor(self.threads, thread_name_prefix="supply")
        self.flying: Counter[str] = Counter()
        self.landed = threading.Condition()
        self.renewed = time.monotonic()
        self.strays_at = 0.0

    def run(self, *, until: float) -> float | None:
        idle_since = time.monotonic()
        try:
            while time.monotonic() < until and self._still_ours():
                if self._take_up() or self.flying.total():
                    idle_since = time.monotonic()
                elif time.monotonic() - idle_since > LINGER_SECONDS:
                    break
                self._wait()
        finally:
            # First the duty, then the wait for the slowest call: the next one drives meanwhile.
            leases.end_duty(self.name, self.token)
            due = self._due_in()
            if due == 0:
                wake.poke(DRIVE_TASK)
            self.pool.shutdown(wait=True)
        return due

    def _wait(self) -> None:
        """A tick; a fuller house is looked over less often, for each look costs the database."""
        time.sleep(TICK_SECONDS)
        until = time.monotonic() + TICK_SECONDS
        while self.threads - self.flying.total() < self.threads / 4 and time.monotonic() < until:
            with self.landed:
                self.landed.wait(TICK_SECONDS / 4)

    def _still_ours(self) -> bool:
        """Renew the duty when half of it is over; False when another has taken it."""
        if time.monotonic() - self.renewed > _duty_seconds() / 2:
            leases.end_duty(self.name, self.token)
            self.token = leases.take_duty(self.name, seconds=_duty_seconds(), now=clock.now())
            self.renewed = time.monotonic()
        return bool(self.token)

    def _take_up(self) -> int:
        """Claim what is due and fits, and put it into the air; how many units that were."""
        free = self.threads - self.flying.total()
        if free <= 0:
            return 0
        now = clock.now()
        asks, buys = self._cap(QUESTION_SHARE), self._cap(PURCHASE_SHARE)
        lanes = [
            *question_lanes(now=now, most=asks),
            *purchase_lanes(now=now, most=buys, calls=self.threads // 2),
        ]
        if time.monotonic() - self.strays_at > STRAYS_SECONDS:
            self.strays_at = time.monotonic()
            lanes.append(strays(now=now, most=asks))
        chosen = self._share(lanes, free, {"ask": asks, "sku": buys})
        if not chosen:
            return 0
        held = leases.claim(
            Delivery,
            where=Q(pk__in=chosen) & ~Q(state__in=road.ENDS),
            limit=len(chosen),
            seconds=settings.LEASE_SECONDS,
            now=now,
        )
        for lease in held:
            self._send_up(lease, chosen[lease.pk])
        return len(held)

    def _cap(self, share: float) -> int:
        return max(1, int(self.threads * share))

    def _share(self, lanes: Sequence[Lane], free: int, caps: dict[str, int]) -> dict[int, str]:
        """Deal the free threads out, one unit a lane in turn, until they or the lanes are used up."""
        chosen: dict[int, str] = {}
        waiting = [(lane.key, list(lane.deliveries)) for lane in lanes]
        taken = Counter(self.flying)
        while waiting and len(chosen) < free:
            still = []
            for key, units in waiting:
                if not units or taken[key] >= caps.get(key.partition(":")[0], self.threads):
                    continue
                unit = units.pop(0)
                if unit not in chosen and len(chosen) < free:
                    chosen[unit] = key
                    taken[key] += 1
                still.append((key, units))
            waiting = still
        return chosen

    def _send_up(self, lease: Lease, lane: str) -> None:
        with self.landed:
            self.flying[lane] += 1
        self.pool.submit(self._walk, lease, lane)

    def _walk(self, lease: Lease, lane: str) -> None:
        crashpoint("CP06")
        try:
            road.walk(lease, now=clock.now())
        except Exception:
            # The next visit finds the unit where this one left it.
            log.exception("visit_failed", delivery=lease.pk)
            self._give_up(lease)
        finally:
            connections.close_all()
            with self.landed:
                self.flying[lane] -= 1
                self.landed.notify_all()

    def _give_up(self, lease: Lease) -> None:
        """Hand the unit back, not for the same moment; without a database the lease runs out."""
        with suppress(DatabaseError):
            leases.release(Delivery, lease, not_before=clock.now() + AFTER_FAILURE)

    def _due_in(self) -> float | None:
        """After a run: whether somebody has to come back, and when."""
        now = clock.now()
        waiting = question_lanes(now=now, most=1) or purchase_lanes(
            now=now, most=1, calls=self.threads
        )
        if waiting:
            return 0.0
        due = next_due(now=now)
        return None if due is None else max((due - now).total_seconds(), 0.0)
