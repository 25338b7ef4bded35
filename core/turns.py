"""Turns: so many a second, in the order in which people came, without a row that all would touch.

A turn is a moment. Valkey hands moments out one by one; without it each process does so by itself,
which may let in a few more. What is scarce is counted elsewhere, so that too many harm nothing.
"""

import threading
from datetime import datetime, timedelta
from functools import lru_cache

import redis
from django.conf import settings
from redis.commands.core import Script

REACH_SECONDS = 0.1
MICROS = 1_000_000
# How long a line is remembered: longer than anybody stands in it.
KEPT_MS = 3_600_000
LONGEST = timedelta(hours=1)
# With no room left nothing is written: whoever is turned away makes the line no longer.
NEXT = """
local at = math.max(tonumber(ARGV[1]), tonumber(redis.call('get', KEYS[1]) or '0'))
if at - tonumber(ARGV[1]) > tonumber(ARGV[4]) then return '' end
redis.call('set', KEYS[1], string.format('%.0f', at + tonumber(ARGV[2])), 'PX', ARGV[3])
return string.format('%.0f', at)
"""

_lock = threading.Lock()
_own: dict[str, int] = {}


@lru_cache(maxsize=1)
def _script() -> Script:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=REACH_SECONDS, socket_connect_timeout=REACH_SECONDS,
        retry=None,
    )  # fmt: skip
    return client.register_script(NEXT)


def take_turn(
    name: str, *, per_second: float, now: datetime, longest: timedelta = LONGEST
) -> datetime | None:
    """The moment of the next turn under `name`; it is `now` while nobody waits.

    None when the line is longer than `longest` already.
    """
    at, gap = int(now.timestamp() * MICROS), round(MICROS / per_second)
    most = round(longest.total_seconds() * MICROS)
    try:
        key = f"{settings.KEY_PREFIX}turns:{name}"
        said = _script()(keys=[key], args=[at, gap, KEPT_MS, most])
        turn = int(said) if said else None
    except redis.RedisError:
        turn = _alone(name, at, gap, most)
    return None if turn is None else now + timedelta(microseconds=max(0, turn - at))


def _alone(name: str, at: int, gap: int, most: int) -> int | None:
    with _lock:
        turn = max(at, _own.get(name, 0))
        if turn - at > most:
            return None
        _own[name] = turn + gap
    return turn
