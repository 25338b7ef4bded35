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
from django.db import connection
from django.db.models import F, Q

from core import clock, wake
from core.faults import crashpoint
from core.models.outbox import OutboxEvent, OutboxReceipt
from core.tx import part, step

log = structlog.get_logger(__name__)
Handler = Callable[..., None]
H = TypeVar("H", bound=Handler)

RELAY_TASK = "core.relay"
DEAD_AFTER_TRIES = 12
LONGEST_PAUSE_SECONDS = 600

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
    """Tell up to `limit` due facts to their handlers. Returns how many are done with."""
    now = clock.now()
    due = OutboxEvent.objects.filter(done_at=None, dead_at=None, not_before__lte=now)
    ids = list(due.order_by("not_before", "id").values_list("pk", flat=True)[:limit])
    return sum(_tell(event_id, now) for event_id in ids)


def _tell(event_id: int, now: datetime) -> bool:
    event = OutboxEvent.objects.get(pk=event_id)
    try:
        for name, handler in _handlers.get(event.topic, {}).items():
            if not _once(event, name, handler, now):
                return False
    except Exception as error:  # any handler's trouble is retried later
        _postpone(event, error, now)
        return False
    crashpoint("CP05")
    return OutboxEvent.objects.filter(pk=event.pk, done_at=None).update(done_at=now) == 1


@step()
def _once(event: OutboxEvent, name: str, handler: Handler, now: datetime) -> bool:
    """Handler and receipt in one transaction; False while another relay holds the event."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select 1 from core_outboxevent where id = %s and done_at is null for update skip locked",
            [event.pk],
        )
        if cursor.fetchone() is None:
            return False
        cursor.execute(
            "insert into core_outboxreceipt (event_id, handler, at) values (%s, %s, %s)"
            " on conflict do nothing",
            [event.pk, name, now],
        )
        if cursor.rowcount == 0:
            return True
    handler(_classes[event.topic](**event.payload), now=now)
    crashpoint("CP04")
    return True


def _postpone(event: OutboxEvent, error: Exception, now: datetime) -> None:
    tries = event.tries + 1
    pause = timedelta(seconds=min(2**tries, LONGEST_PAUSE_SECONDS))
    dead = now if tries >= DEAD_AFTER_TRIES else None
    log.error("outbox_handler_failed", topic=event.topic, event_id=event.pk, tries=tries, dead=bool(dead),
              exc_info=error)
    OutboxEvent.objects.filter(pk=event.pk).update(
        tries=tries, not_before=now + pause, dead_at=dead, last_error=type(error).__name__
    )


def revive(event_id: int, *, now: datetime) -> bool:
    """Give a dead fact another life (an operator's act)."""
    return OutboxEvent.objects.filter(pk=event_id, dead_at__isnull=False).update(
        dead_at=None, tries=0, not_before=now
    ) == 1


def prune(*, before: datetime, limit: int = 5000) -> int:
    """Forget facts told before `before`; receipts stay as long as the table's retention."""
    old = OutboxEvent.objects.filter(Q(done_at__lt=before)).order_by(F("id")).values("pk")[:limit]
    return OutboxEvent.objects.filter(pk__in=old).delete()[0]
