"""Queues the shop lives on, counted where they are: in the tables. Floors add their own rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.functional import Promise

from core.models.system import Heartbeat
from core.sockets import Socket


@dataclass(frozen=True, slots=True)
class Queue:
    """Rows that wait: `sql` gives one row (waiting, oldest due time or null); `%(now)s` is the clock.

    It is late when the oldest has been due for more than `late_seconds`.
    """

    title: str | Promise
    sql: str
    late_seconds: int = 120
    url: str = ""


@dataclass(frozen=True, slots=True)
class QueueState:
    title: str | Promise
    waiting: int
    oldest_seconds: int | None
    late: bool
    url: str


QUEUES: Socket[Queue] = Socket("queues")


def queue_states(*, now: datetime) -> list[QueueState]:
    """Every registered queue as it stands."""
    return [_state(queue, now) for queue in QUEUES]


def _state(queue: Queue, now: datetime) -> QueueState:
    with connection.cursor() as cursor:
        cursor.execute(queue.sql, {"now": now})
        waiting, oldest = cursor.fetchone()
    age = max(0, int((now - oldest).total_seconds())) if oldest else None
    return QueueState(
        queue.title, waiting, age, age is not None and age > queue.late_seconds, queue.url
    )


def signs_of_life(*, now: datetime) -> Sequence[tuple[str, int, dict[str, object]]]:
    """(name, seconds ago, detail) of each background part, by name."""
    return [
        (row.name, max(0, int((now - row.at).total_seconds())), row.detail)
        for row in Heartbeat.objects.order_by("name")
    ]
