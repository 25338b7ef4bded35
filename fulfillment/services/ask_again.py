"""A purchase without a final answer: when it is asked about again, and when a person takes over.

Part of every verdict's consequences (`land.py`). The number stays the same; nothing is bought anew.
"""

from datetime import datetime, timedelta

import structlog
from django.conf import settings

from core import transitions
from core.tx import part
from fulfillment.models import Attempt, Delivery
from fulfillment.services.open_case import open_case
from fulfillment.states import AttemptState, DeliveryState
from fulfillment.suppliers.ladder import Patience

log = structlog.get_logger(__name__)


@part
def to_person(attempt: Attempt, why: str, *, now: datetime) -> bool:
    """The unit's next step is a person's; queries by the same number go on."""
    transitions.move(
        Delivery,
        attempt.delivery_id,
        from_=[DeliveryState.DISPATCHED, DeliveryState.UNKNOWN],
        to=DeliveryState.MANUAL,
        now=now,
        by="worker",
        why=why,
        reason=why,
    )
    open_case(delivery=attempt.delivery, attempt=attempt, why=why, now=now)
    return False


@part
def ask_later(
    attempt: Attempt,
    *,
    now: datetime,
    at_least_seconds: float = 0,
    at_most_seconds: float | None = None,
) -> bool:
    """Put the next query on the ladder; past the deadline the unit also goes to a person."""
    patience = Patience(settings.SUPPLY_TIME_SCALE)
    age = (now - (attempt.sent_at or attempt.created_at)).total_seconds()
    pause = patience.next_query_seconds(queries=attempt.query_count, age_seconds=age)
    if pause is not None:
        pause = max(min(pause, at_most_seconds or pause), at_least_seconds)
    due = None if pause is None else now + timedelta(seconds=pause)
    Attempt.objects.filter(pk=attempt.pk).update(next_query_at=due)
    Delivery.objects.filter(pk=attempt.delivery_id).update(not_before=due)
    if age >= patience.alert_seconds:
        log.warning("purchase_slow", attempt=attempt.number, age_seconds=round(age))
    if age >= patience.manual_seconds and attempt.delivery.state != DeliveryState.MANUAL:
        to_person(attempt, "unknown_too_long", now=now)
    return False


@part
def ask_after_success(attempt: Attempt, *, now: datetime) -> bool:
    """A success that somebody put in question and no answer has settled: on the ladder, too."""
    if attempt.state == AttemptState.SUCCEEDED:
        patience = Patience(settings.SUPPLY_TIME_SCALE)
        age = (now - (attempt.sent_at or attempt.created_at)).total_seconds()
        pause = patience.next_query_seconds(queries=attempt.query_count, age_seconds=age)
        due = None if pause is None else now + timedelta(seconds=pause)
        Attempt.objects.filter(pk=attempt.pk).update(next_query_at=due)
    return False


@part
def ask_soon(attempt: Attempt, *, now: datetime) -> bool:
    """A hint came in: the signed query decides, as soon as a worker can (rule 8)."""
    Attempt.objects.filter(pk=attempt.pk).update(next_query_at=now)
    Delivery.objects.filter(pk=attempt.delivery_id).update(not_before=now)
    return True
