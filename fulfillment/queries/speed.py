"""How long suppliers took from sent to delivered, lately; for the policy "fastest first"."""

import time
from collections.abc import Collection
from datetime import datetime

from django.db import connection

#: So many of the newest successes count, and what was read is good so long.
NEWEST = 30
FRESH_SECONDS = 5.0

SPEED = """
select s.id, (percentile_cont(0.5) within group (order by
    extract(epoch from a.closed_at - a.sent_at) * 1000))::int
from unnest(%s::bigint[]) as s(id)
cross join lateral (
    select closed_at, sent_at from fulfillment_attempt
    where supplier_id = s.id and state = 'succeeded' and sent_at is not null
    order by id desc limit %s) a
group by 1
"""

_read: dict[int, tuple[float, int | None]] = {}


def speeds(supplier_ids: Collection[int], *, now: datetime) -> dict[int, int]:
    """Median milliseconds by supplier; one without any success is missing. At most 5 s old."""
    clock = time.monotonic()
    stale = [
        pk for pk in supplier_ids if clock - _read.get(pk, (float("-inf"), None))[0] > FRESH_SECONDS
    ]
    if stale:
        with connection.cursor() as cursor:
            cursor.execute(SPEED, [stale, NEWEST])
            found = dict(cursor.fetchall())
        _read.update({pk: (clock, found.get(pk)) for pk in stale})
    held = ((pk, _read[pk][1]) for pk in supplier_ids)
    return {pk: speed for pk, speed in held if speed is not None}


def forget() -> None:
    """Read again at the next question (between tests)."""
    _read.clear()
