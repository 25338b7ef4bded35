"""Celery's side of the catalogue: one sweep, woken by beat."""

from typing import Any

from celery import shared_task

from catalog.services.advance_states import advance_states
from catalog.services.follow_cost import follow_due
from core import clock


@shared_task(name="catalog.sweep")
def sweep(*_: Any) -> None:
    now = clock.now()
    advance_states(now=now)
    follow_due(now=now)
