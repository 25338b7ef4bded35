"""One bad row never keeps the others waiting: how sweepers go through what is due."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded

log = structlog.get_logger(__name__)
T = TypeVar("T")

# Somebody outside who answers slowly may keep one sweep this long, and no worker for good.
TURNS_SECONDS = 15.0


def each(
    work: Callable[[T], object], items: Iterable[T], *, name: str, while_true: bool = False
) -> int:
    """Do `work` for every item; an error is logged and the next one is done. Returns how many did.

    `while_true` stops at the first item whose work answers with nothing. What an item's work had
    not committed is gone, so the next sweep finds it again. The end of a task's time is no error
    of a row: it is raised.
    """
    done = 0
    for item in items:
        try:
            answer = bool(work(item))
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:  # a row's trouble is its own
            log.exception("row_failed", work=name, item=str(item), error=type(error).__name__)
            continue
        done += answer
        if while_true and not answer:
            break
    return done


def turns(limit: int, *, seconds: float = TURNS_SECONDS) -> Iterator[int]:
    """Count up to `limit`, but begin no new turn once `seconds` have passed."""
    end = time.monotonic() + seconds
    for turn in range(limit):
        if time.monotonic() > end:
            return
        yield turn
