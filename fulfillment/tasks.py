"""Celery's side of this floor: hints that carry ids. The rows themselves are the queue."""

from contextlib import suppress
from typing import Any

from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from core import clock, wake
from core.leases import take_duty
from fulfillment.queries.due import due_deliveries, waiting_imports
from fulfillment.services.drive_units import RUN_SECONDS, drive_units
from fulfillment.services.imports.import_codes import RUN_TASK
from fulfillment.services.imports.run_import import run_import
from fulfillment.services.pool.sweep_pool import sweep_pool
from fulfillment.services.queue_deliveries import DRIVE_TASK
from fulfillment.services.settlement.sweep_settlement import sweep_settlement
from fulfillment.services.wallet.sweep_wallet import sweep_wallet

#: The duty that says a wake-up is on its way already.
ALARM = "fulfillment.alarm"


@shared_task(name=DRIVE_TASK)
def drive(*_: Any) -> None:
    """Walk all that is due. At most as long as a message stays invisible; the next run goes on."""
    due_in = drive_units(seconds=min(RUN_SECONDS, settings.VISIBILITY_SECONDS * 0.6))
    # Sooner than the sweeper: one wake-up ahead of time, however many runs ask for it.
    if due_in is None or not 0 < due_in < settings.SWEEP_SECONDS:
        return
    if take_duty(ALARM, seconds=due_in, now=clock.now()):
        with suppress(OperationalError):
            drive.apply_async(countdown=due_in + 0.02, retry=False)


@shared_task(name="fulfillment.sweep")
def sweep(*_: Any) -> None:
    if due_deliveries(now=clock.now(), limit=1):
        wake.poke(DRIVE_TASK)
    if waiting_imports(now=clock.now()):
        wake.poke(RUN_TASK)
    sweep_pool(now=clock.now())
    sweep_wallet(now=clock.now())
    sweep_settlement(now=clock.now())


@shared_task(name=RUN_TASK)
def import_a_batch(batch_id: str = "", *_: Any) -> None:
    """A slice of an import; it asks for the next one itself, the sweeper if it cannot."""
    if run_import(batch_id=batch_id):
        wake.poke(RUN_TASK, *([batch_id] if batch_id else []))
