"""Celery's side of purchasing: a sweep that counts and forecasts what is due. Rows say what is."""

from typing import Any

from celery import shared_task

from core import clock, wake
from fulfillment.services.count_demand import count_demand
from fulfillment.services.refresh_forecasts import refresh_forecasts

PLAN_TASK = "fulfillment.plan"


@shared_task(name=PLAN_TASK)
def plan(*_: Any) -> None:
    """Count the days that are over, then forecast a slice; it asks for the next one itself."""
    count_demand(now=clock.now())
    if refresh_forecasts(now=clock.now()):
        wake.poke(PLAN_TASK)
