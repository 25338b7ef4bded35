"""Facts on their way up: an outbox row in the publisher's transaction, heard by floors above.

The relay opens one transaction per event and handler; the handler is a part, and a receipt in
the same transaction makes it happen at most once. Losing the wake-up costs latency only: every
row is found again by the sweep.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.db import connection
from django.db.models import F, Q, QuerySet

from core import clock, leases, wake
from core.faults import crashpoint
from core.models.outbox import OutboxEvent
from core.tx import part, step

log = structlog.get_logger(__name__)
Handler = Callable[..., None]
H = TypeVar("H", bound=Handler)

RELAY_TASK = "core.relay"
DEAD_AFTER_TRIES = 12
LONGEST_PAUSE_SECONDS = 600
LONGEST_TURN_SECONDS = 5.0

_handlers: dict[str, dict[str, Handler]] = defaultdict(dict)
_classes: dict[str, type] = {}


def topic_of(event_class: type) -> str:
    """`fulfillment.events.Delivered` is told under the topic `fulfillment.Delivered`."""
    return f"{event_class.__module__.split('.')[0]}.{event_class.__name__}"


@part
def publish(event: Any, *, now: datetime | None = None) -> None:
    """Write a fact (a frozen dataclass of primitives) into the outbox of this transaction."""
    at = now or clock.now()
    OutboxEvent.objects.create(
        topic=topic_of(type(event)), payload=dataclasses.asdict(event), created_at=at, not_before=at
    )
    wake.poke(RELAY_TASK)


def subscribe(event_class: type, name: str) -> Callable[[H], H]:
    """Hear a fact: `@subscribe(Delivered, "orders.complete_line")` over `fn(event, *, now)`."""

    def register(handler: H) -> H:
        topic = topic_of(event_class)
        if name in _handlers[topic]:
            raise ValueError(f"{topic}: {name} subscribes twice")
        _classes[topic] = event_class
        _handlers[topic][name] = handler
        return handler

    return register


def relay(limit: int = 200) -> int:
    """Tell up to `limit` due facts to their handlers. Returns how many are done with.

    One relay at a time: a second one finds the turn taken and leaves. The first looks once more
    after letting go, so a fact that came in between is not left to the sweep. A relay that died or
    froze is replaced after LONGEST_TURN_SECONDS.
    """
    told = 0
    while told < limit and _has_due() and (turn := _take_turn()):
        try:
            round_told = _tell_due(limit - told)
        finally:
            leases.end_duty(RELAY_TASK, turn)
        if not round_told:
            # What is left fails or is held by somebody: looking again at once would not help.
            break
        told += round_told
    return told


def _has_due() -> bool:
    return _due(clock.now()).exists()


def _due(now: datetime) -> QuerySet[OutboxEvent]:
    return OutboxEvent.objects.filter(done_at=None, dead_at=None, not_before__lte=now)


def _take_turn() -> str:
    # Two at once would only be in each other's way: rows and receipts make each effect happen once.
    seconds = min(settings.LEASE_SECONDS, LONGEST_TURN_SECONDS)
    return leases.take_duty(RELAY_TASK, seconds=seconds, now=clock.now())


def _tell_due(limit: int) -> int:
    now = clock.now()
    due = list(_due(now).order_by("not_before", "id")[:limit])
    told = [event.pk for event in due if _tell(event, now)]
    crashpoint("CP05")
    return OutboxEvent.objects.filter(pk__in=told, done_at=None).update(done_at=now) if told else 0


def _tell(event: OutboxEvent, now: datetime) -> bool:
    try:
        return all(
            _once(event, name, handler, now)
            for name, handler in _handlers.get(event.topic, {}).items()
        )
    except Exception as error:  # noqa: BLE001  any handler's trouble is retried later
        _postpone(event, error, now)
        return False


# The effect and its receipt are lost together or not at all, so this commit need not wait for the
# disk: what a crash takes is told again. Whatever later leaves the house commits durably first.
TAKE = """
with held as (
    select id, set_config('synchronous_commit', 'off', true) from core_outboxevent
    where id = %s and done_at is null for update skip locked),
receipt as (
    insert into core_outboxreceipt (event_id, handler, at) select id, %s, %s from held
    on conflict do nothing returning 1)
select (select count(*) from held), (select count(*) from receipt)
"""


@step()
def _once(event: OutboxEvent, name: str, handler: Handler, now: datetime) -> bool:
    """Handler and receipt in one transaction; False while somebody else holds the event."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [event.pk, name, now])
        held, first = cursor.fetchone()
    if not held:
        return False
    if first:
        handler(_classes[event.topic](**event.payload), now=now)
    crashpoint("CP04")
    return True


def _postpone(event: OutboxEvent, error: Exception, now: datetime) -> None:
    tries = event.tries + 1
    pause = timedelta(seconds=min(2**tries, LONGEST_PAUSE_SECONDS))
    dead = now if tries >= DEAD_AFTER_TRIES else None
    log.error(
        "outbox_handler_failed",
        topic=event.topic,
        event_id=event.pk,
        tries=tries,
        dead=bool(dead),
        exc_info=error,
    )
    OutboxEvent.objects.filter(pk=event.pk).update(
        tries=tries, not_before=now + pause, dead_at=dead, last_error=type(error).__name__
    )


def revive(event_id: int, *, now: datetime) -> bool:
    """Give a dead fact another life (an operator's act)."""
    return (
        OutboxEvent.objects.filter(pk=event_id, dead_at__isnull=False).update(
            dead_at=None, tries=0, not_before=now
        )
        == 1
    )


def prune(*, before: datetime, limit: int = 5000) -> int:
    """Forget facts told before `before`; receipts stay as long as the table's retention."""
    old = OutboxEvent.objects.filter(Q(done_at__lt=before)).order_by(F("id")).values("pk")[:limit]
    return OutboxEvent.objects.filter(pk__in=old).delete()[0]
