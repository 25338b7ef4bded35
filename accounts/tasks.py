"""Background work of this floor; each may run twice at once."""

from typing import Any

from celery import shared_task

from accounts.services.push_messages import BATCH, push_messages
from accounts.services.settle_levels import refit_levels, settle_levels
from core import clock

NAME = "accounts.send_messages"
ROUNDS = 20


@shared_task(name=NAME)
def send_messages(*_: Any) -> None:
    for _round in range(ROUNDS):
        if push_messages(now=clock.now()) < BATCH:
            return


@shared_task(name="accounts.sweep")
def sweep(*_: Any) -> None:
    now = clock.now()
    settle_levels(now=now)
    refit_levels(now=now)
