"""This floor's periodic and woken work. Each may run twice at once; rows decide what is due."""

from collections.abc import Callable
from typing import Any

from celery import shared_task

from core import clock
from core.each import each
from distribution.services.admit_market import forget_replays
from distribution.services.push_results import PUSH_TASK, push_results
from distribution.services.take_order import take_up_orders

PARTS: tuple[Callable[..., object], ...] = (take_up_orders, forget_replays, push_results)


@shared_task(name=PUSH_TASK)
def push(*_: Any) -> None:
    push_results(now=clock.now())


@shared_task(name="distribution.sweep")
def sweep(*_: Any) -> None:
    """Everything that may be due, whatever became of the wake-ups (R-JOB-4)."""
    each(lambda part: part(now=clock.now()), PARTS, name="distribution.sweep")
