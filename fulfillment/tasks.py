"""Celery's side of this floor: hints that carry ids. The rows themselves are the queue."""

from contextlib import suppress
from typing import Any

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from core import clock, wake
from fulfillment import road
from fulfillment.queries.due import due_deliveries, waiting_imports
from fulfillment.services.import_codes import RUN_TASK
from fulfillment.services.run_import import run_import
from fulfillment.services.sweep_pool import sweep_pool
from fulfillment.services.sweep_wallet import sweep_wallet

#: A wake-up ahead of time is only for the near future; the sweeper has the rest.
LONGEST_COUNTDOWN_SECONDS = 60
SWEEP_ROWS = 200


@shared_task(name="fulfillment.advance")
def advance(delivery_id: str, *_: Any) -> None:
    due_in = road.advance(delivery_id, now=clock.now())
    if due_in is None or due_in > min(LONGEST_COUNTDOWN_SECONDS, settings.VISIBILITY_SECONDS / 2):
        return
    # Never below half a second: a row that cannot move must not spin.
    with suppress(OperationalError):
        advance.apply_async((delivery_id,), countdown=max(due_in, 0.5) + 0.05, retry=False)


@shared_task(name="fulfillment.sweep")
def sweep(*_: Any) -> None:
    for delivery_id in due_deliveries(now=clock.now(), limit=SWEEP_ROWS):
        wake.poke("fulfillment.advance", delivery_id)
    if waiting_imports(now=clock.now()):
        wake.poke(RUN_TASK)
    sweep_pool(now=clock.now())
    sweep_wallet(now=clock.now())


@shared_task(name=RUN_TASK)
def import_a_batch(batch_id: str = "", *_: Any) -> None:
    """A slice of an import; it asks for the next one itself, the sweeper if it cannot."""
    if run_import(batch_id=batch_id):
        wake.poke(RUN_TASK, *([batch_id] if batch_id else []))
