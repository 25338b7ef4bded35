"""Limits that protect, counted in PostgreSQL: they hold when Valkey is gone and across processes.

A window limit counts what happened in fixed windows; a budget counts what is taken and is given
back in the transaction that ends its reason. Keys are built from hashes, never from clear data.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection

from core.models.counts import LimitCount


def hit(key: str, *, limit: int, seconds: int, now: datetime) -> bool:
    """Count one event; False when the window of `seconds` already had `limit` of them."""
    window = int(now.timestamp()) // seconds
    with connection.cursor() as cursor:
        cursor.execute(
            """insert into core_limitcount as held (key, "window", used, expires_at)
               values (%s, %s, 1, %s)
               on conflict (key) do update set
                   used = case when held."window" = excluded."window" then held.used + 1 else 1 end,
                   "window" = excluded."window", expires_at = excluded.expires_at
               where held."window" <> excluded."window" or held.used < %s
               returning used""",
            [key, window, datetime.fromtimestamp((window + 1) * seconds, UTC), limit],
        )
        row = cursor.fetchone()
    return row is not None and row[0] <= limit


def left(key: str, *, limit: int, seconds: int, now: datetime) -> int:
    """How many more events the current window admits."""
    row = LimitCount.objects.filter(key=key, window=int(now.timestamp()) // seconds).first()
    return max(0, limit - row.used) if row else limit


def take(key: str, *, units: int, limit: int) -> bool:
    """Take `units` of a budget of `limit`; False when that would exceed it. Give them back later."""
    if units > limit:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            """insert into core_limitcount as held (key, "window", used) values (%s, 0, %s)
               on conflict (key) do update set used = held.used + excluded.used
               where held.used + excluded.used <= %s returning used""",
            [key, units, limit],
        )
        return cursor.fetchone() is not None


def give_back(key: str, *, units: int) -> None:
    """Return `units` to a budget. Raises IntegrityError when more comes back than was taken."""
    with connection.cursor() as cursor:
        cursor.execute("update core_limitcount set used = used - %s where key = %s", [units, key])


def prune(*, now: datetime) -> int:
    """Forget windows that ended a day ago and budgets that are empty.

    Counters that somebody is counting with are left for another time: who places an order locks several,
    and waiting for one of them while holding another would be a deadlock for a buyer to see.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """delete from core_limitcount where key in (
                   select key from core_limitcount
                   where expires_at < %s or (expires_at is null and used = 0)
                   for update skip locked)""",
            [now - timedelta(days=1)],
        )
        return int(cursor.rowcount)
