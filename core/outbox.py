"""Facts on their way up: an outbox row in the publisher's transaction, heard by floors above.

The relay opens one transaction per event and handler (or per batch, for a handler that takes many);
the handler is a part, and a receipt in the same transaction makes it happen at most once. Losing
the wake-up costs latency only: every row is found again by the sweep.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Hearing:
    """One handler of one topic: what it hears not at all, and whether it hears many at once."""

    name: str
    handler: Handler
    unless: Callable[[Any], bool] | None
    many: bool

    def wants(self, event: Any) -> bool:
        return self.unless is None or not self.unless(event)

    def tell(self, events: list[Any], now: datetime) -> None:
        if self.many:
            self.handler(events, now=now)
            return
        for event in events:
            self.handler(event, now=now)


_handlers: dict[str, dict[str, _Hearing]] = defaultdict(dict)
_classes: dict[str, type] = {}
# A fact with the row that keeps it.
_Told = tuple[OutboxEvent, Any]


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
    ring()


def ring() -> None:
    """After the surrounding commit, facts are due: for whoever wrote their rows himself."""
    wake.poke(RELAY_TASK, gather=True)


def subscribe(
    event_class: type,
    name: str,
    *,
    unless: Callable[[Any], bool] | None = None,
    many: bool = False,
) -> Callable[[H], H]:
    """Hear a fact: `@subscribe(Delivered, "orders.complete_line")` over `fn(event, *, now)`.

    Facts of which `unless` is true are nothing to this handler: no transaction is spent on them.
    With `many` it is `fn(events, *, now)`, called with what is due in one transaction; it must lock
    rows of one kind only, in order. When it fails, each fact is told to it alone.
    """

    def register(handler: H) -> H:
        topic = topic_of(event_class)
        if name in _handlers[topic]:
            raise ValueError(f"{topic}: {name} subscribes twice")
        _classes[topic] = event_class
        _handlers[topic][name] = _Hearing(name, handler, unless, many)
        return handler

    return register


def relay(limit: int = 200) -> int:
    """Tell up to `limit` due facts to their handlers. Returns how many are done with.

    One relay at a time: a second one finds the turn taken and leaves. The first looks once more
    after letting go and rings, so a fact that came in between is not left to the sweep. A relay that
    died or froze is replaced after LONGEST_TURN_SECONDS.
    """
    if not _has_due() or not (turn := _take_turn()):
        return 0
    try:
        told = _tell_due(limit)
    finally:
        leases.end_duty(RELAY_TASK, turn)
    # When nothing was told, what is left fails or is held by somebody: looking again would not help.
    if told and _has_due():
        ring()
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
    """One fact after the other, in their order; what is heard in one go comes last."""
    now = clock.now()
    told: set[int] = set()
    together: dict[str, tuple[_Hearing, list[_Told]]] = {}
    for row in _due(now).order_by("not_before", "id")[:limit]:
        event, ready = _tell_one(row, now)
        if not ready:
            continue
        told.add(row.pk)
        for hearing in _hearing(row, event, many=True):
            together.setdefault(hearing.name, (hearing, []))[1].append((row, event))
    for hearing, batch in together.values():
        told -= _tell_together(hearing, batch, now)
    crashpoint("CP05")
    return OutboxEvent.objects.filter(pk__in=told, done_at=None).update(done_at=now) if told else 0


def _hearing(row: OutboxEvent, event: Any, *, many: bool) -> Iterator[_Hearing]:
    heard = _handlers.get(row.topic, {}).values()
    return (one for one in heard if one.many is many and one.wants(event))


def _tell_one(row: OutboxEvent, now: datetime) -> tuple[Any, bool]:
    """The fact, and whether all who hear it alone have heard it."""
    if row.topic not in _handlers:
        return None, True
    try:
        event = _classes[row.topic](**row.payload)
        told = all(_once(one, [(row, event)], now) for one in _hearing(row, event, many=False))
    except Exception as error:  # noqa: BLE001  any handler's trouble is retried later
        _postpone(row, error, now)
        return None, False
    return event, told


def _tell_together(hearing: _Hearing, batch: list[_Told], now: datetime) -> set[int]:
    """Tell a batch in one transaction. Returns the keys of what could not be told."""
    try:
        return {row.pk for row, _ in batch} - _once(hearing, batch, now)
    except Exception as error:  # noqa: BLE001  one bad fact must not hold up the others
        if len(batch) > 1:
            return set().union(*(_tell_together(hearing, [one], now) for one in batch))
        _postpone(batch[0][0], error, now)
        return {batch[0][0].pk}


# The effect and its receipt are lost together or not at all, so this commit need not wait for the
# disk: what a crash takes is told again. Whatever later leaves the house commits durably first.
TAKE = """
with held as (
    select id, set_config('synchronous_commit', 'off', true) from core_outboxevent
    where id = any(%s) and done_at is null order by id for update skip locked),
receipt as (
    insert into core_outboxreceipt (event_id, handler, at) select id, %s, %s from held
    on conflict do nothing returning event_id)
select held.id, receipt.event_id is not null from held left join receipt on event_id = held.id
"""


@step()
def _once(hearing: _Hearing, batch: list[_Told], now: datetime) -> set[int]:
    """Handler and receipts in one transaction. The keys of what nobody else holds."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [[row.pk for row, _ in batch], hearing.name, now])
        held = dict(cursor.fetchall())
    fresh = [event for row, event in batch if held.get(row.pk)]
    if fresh:
        hearing.tell(fresh, now)
    crashpoint("CP04")
    return set(held)


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
