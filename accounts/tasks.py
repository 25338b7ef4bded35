"""Background work of this floor; each may run twice at once."""

from typing import Any

from celery import shared_task

from accounts.services.push_messages import push_messages
from core import clock

NAME = "accounts.send_messages"
ROUNDS = 20


@shared_task(name=NAME)
def send_messages(*_: Any) -> None:
    for _round in range(ROUNDS):
        if push_messages(now=clock.now()) == 0:
            return
