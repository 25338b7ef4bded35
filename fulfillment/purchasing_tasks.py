"""Celery's side of purchasing and sync: sweeps that look for what is due. Rows say what is."""

from typing import Any

from celery import shared_task

from core import clock, leases, switches, wake
from fulfillment.services.purchasing.count_demand import count_demand
from fulfillment.services.purchasing.refresh_forecasts import refresh_forecasts
from fulfillment.services.suppliers.follow_good import mend_shelf
from fulfillment.services.suppliers.sync_supplier import SYNC, sync_suppliers
from fulfillment.services.suppliers.watch_alerts import watch_alerts

PLAN_TASK = "fulfillment.plan"
# Whoever died at it is replaced after this.
PLAN_SECONDS = 60.0
SYNC_TASK = "fulfillment.sync"


@shared_task(name=PLAN_TASK)
def plan(*_: Any) -> None:
    """Count the days that are over, then forecast a slice; it asks for the next one itself.

    One process at a time: it takes a core while it lasts, and orders must find the others free.
    """
    turn = leases.take_duty(PLAN_TASK, seconds=PLAN_SECONDS, now=clock.now())
    if not turn:
        return
    try:
        count_demand(now=clock.now())
        more = refresh_forecasts(now=clock.now())
    finally:
        leases.end_duty(PLAN_TASK, turn)
    if more:
        wake.poke(PLAN_TASK)


@shared_task(name=SYNC_TASK)
def sync(*_: Any) -> None:
    """A slice of one supplier's list; then the shelf and the alerts, which follow what is known."""
    if switches.is_on(SYNC) and sync_suppliers(now=clock.now()):
        wake.poke(SYNC_TASK)
    mend_shelf(now=clock.now())
    watch_alerts(now=clock.now())
