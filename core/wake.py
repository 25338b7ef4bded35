"""Waking workers: a hint after the commit, never a promise (design rule 9).

A wake-up is coalesced: while one for the same work is on its way, a second is not sent. The flag
is taken away when any task starts (config/celery.py), before it looks at the rows, so no row is
overlooked. Without Valkey nothing is sent for a second, and the sweeper finds the rows.

Work that costs the same for one row as for ten is gathered: what comes within GATHER_MS of a run's
start waits for the rest of them. A quiet shop's is done at once, a busy one's by the handful.
"""

import threading
import time
from functools import lru_cache

import redis
import structlog
from celery import current_app
from django.conf import settings

from core.tx import on_commit

log = structlog.get_logger(__name__)

FLAG_MS = 1000
GATHER_MS = 250
REACH_SECONDS = 0.1
QUIET_AFTER_FAILURE_SECONDS = 1.0

_quiet_until = 0.0
_local = threading.local()


@lru_cache(maxsize=1)
def _flags() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REACH_SECONDS,
        socket_connect_timeout=REACH_SECONDS,
        retry=None,
    )


def _flag(name: str, args: tuple[str, ...]) -> str:
    return ":".join([f"{settings.KEY_PREFIX}wake", name, *args])


def _began(flag: str) -> str:
    return f"{flag}:began"


def poke(name: str, *args: str, gather: bool = False) -> None:
    """After the surrounding commit, ask a worker to run the named task with these ids.

    With `gather` not before GATHER_MS after it last began. Never raises and never takes longer than
    about 0.1 s.
    """
    on_commit(lambda: _send(name, tuple(str(arg) for arg in args), gather=gather))


def _send(name: str, args: tuple[str, ...], *, gather: bool) -> None:
    global _quiet_until  # noqa: PLW0603  one process, one opinion of Valkey
    if time.monotonic() < _quiet_until:
        return
    try:
        flag = _flag(name, args)
        if not _flags().set(flag, 1, nx=True, px=FLAG_MS):
            return
        wait_ms = max(0, _flags().pttl(_began(flag))) if gather else 0
        current_app.send_task(
            name, args=args, countdown=wait_ms / 1000 or None, retry=False, ignore_result=True,
            connection=_broker(),
        )  # fmt: skip
    except Exception as error:  # noqa: BLE001  a hint that fails is not an error of the sale
        _quiet_until = time.monotonic() + QUIET_AFTER_FAILURE_SECONDS
        _local.broker = None
        log.warning("wake_failed", task=name, error=type(error).__name__)


def _broker() -> object:
    """A broker connection of this thread with short timeouts; the worker's own are its own."""
    if getattr(_local, "broker", None) is None:
        _local.broker = current_app.connection_for_write(
            transport_options={
                **current_app.conf.broker_transport_options,
                "socket_timeout": REACH_SECONDS,
                "socket_connect_timeout": REACH_SECONDS,
                "max_retries": 0,
            }
        )
    return _local.broker


def clear(name: str, args: tuple[str, ...]) -> None:
    """The task is about to look: from here on, a new wake-up counts again."""
    flag = _flag(name, tuple(str(arg) for arg in args))
    try:
        with _flags().pipeline(transaction=False) as both:
            both.delete(flag)
            both.set(_began(flag), 1, px=GATHER_MS)
            both.execute()
    except redis.RedisError:
        return
