import signal
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
import pytest

from core import clock, leases, outbox
from core.models import OutboxEvent, OutboxReceipt
from core.tx import NotInStep, step

heard: list[str] = []


@dataclass(frozen=True)
class Happened:
    what: str


@pytest.fixture(autouse=True)
def _listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    from collections import defaultdict

    monkeypatch.setattr(outbox, "_handlers", defaultdict(dict))
    heard.clear()


def _tell(what: str = "it") -> None:
    with step():
        outbox.publish(Happened(what))


def test_a_fact_is_heard_once_by_each_listener(committed: None) -> None:
    outbox.subscribe(Happened, "one")(lambda event, *, now: heard.append(f"one:{event.what}"))
    outbox.subscribe(Happened, "two")(lambda event, *, now: heard.append(f"two:{event.what}"))
    _tell()
    assert outbox.relay() == 1
    assert outbox.relay() == 0
    assert sorted(heard) == ["one:it", "two:it"]


def test_a_fact_of_a_rolled_back_transaction_is_not_told(committed: None) -> None:
    with pytest.raises(ZeroDivisionError), step():  # noqa: PT012  the step has to fail after it
        outbox.publish(Happened("never"))
        raise ZeroDivisionError
    assert not OutboxEvent.objects.exists()


def test_publishing_needs_a_transaction(committed: None) -> None:
    with pytest.raises(NotInStep):
        outbox.publish(Happened("alone"))


def test_a_listener_that_fails_is_asked_again_and_the_other_is_not(committed: None) -> None:
    fail = [True]

    def shaky(event: Happened, *, now: datetime) -> None:
        heard.append("shaky")
        if fail:
            fail.clear()
            raise RuntimeError("once")

    outbox.subscribe(Happened, "steady")(lambda event, *, now: heard.append("steady"))
    outbox.subscribe(Happened, "shaky")(shaky)
    _tell()
    assert outbox.relay() == 0
    OutboxEvent.objects.update(not_before=clock.now())
    assert outbox.relay() == 1
    assert heard == ["steady", "shaky", "shaky"]


def test_an_effect_and_its_receipt_stand_or_fall_together(committed: None) -> None:
    def writes_then_fails(event: Happened, *, now: datetime) -> None:
        OutboxEvent.objects.create(topic="trace", payload={}, created_at=now, not_before=now)
        raise RuntimeError

    outbox.subscribe(Happened, "fails")(writes_then_fails)
    _tell()
    outbox.relay()
    assert not OutboxEvent.objects.filter(topic="trace").exists()
    assert not OutboxReceipt.objects.exists()


def test_what_always_fails_is_given_up_and_can_be_revived(committed: None) -> None:
    def fails(event: Happened, *, now: datetime) -> None:
        raise ZeroDivisionError

    outbox.subscribe(Happened, "never")(fails)
    _tell()
    for _ in range(outbox.DEAD_AFTER_TRIES):
        OutboxEvent.objects.update(not_before=clock.now())
        outbox.relay()
    event = OutboxEvent.objects.get()
    assert event.dead_at is not None
    assert event.last_error == "ZeroDivisionError"
    assert outbox.revive(event.pk, now=clock.now())


def test_a_fact_that_another_relay_holds_is_passed_over(
    committed: None, app_connection: object
) -> None:
    outbox.subscribe(Happened, "one")(lambda event, *, now: heard.append("one"))
    _tell()
    app_connection.execute("select id from core_outboxevent for update")  # type: ignore[attr-defined]
    assert outbox.relay() == 0
    assert heard == []


def test_one_relay_tells_at_a_time_and_a_frozen_one_is_replaced(
    committed: None, app_connection: psycopg.Connection
) -> None:
    app_connection.autocommit = True
    outbox.subscribe(Happened, "one")(lambda event, *, now: heard.append("one"))
    _tell()
    other = "insert into core_duty (name, token, until) values ('core.relay', 'other', %s)"
    app_connection.execute(other, [clock.now() + timedelta(minutes=1)])
    assert outbox.relay() == 0
    app_connection.execute("update core_duty set until = %s", [clock.now()])
    assert outbox.relay() == 1
    assert heard == ["one"]
    # Who comes back after having been replaced ends nobody else's turn.
    leases.take_duty("core.relay", seconds=60, now=clock.now())
    leases.end_duty("core.relay", "other")
    assert not leases.take_duty("core.relay", seconds=60, now=clock.now())


def test_the_turn_of_the_relay_is_a_row_and_no_lock_of_a_session(
    committed: None, app_connection: psycopg.Connection
) -> None:
    """Behind a pool that lends connections by the transaction, nobody owns a session."""
    seen: list[object] = []

    def look(event: Happened, *, now: datetime) -> None:
        locks = (
            "select count(*) from pg_locks l join pg_database d on d.oid = l.database"
            " where l.locktype = 'advisory' and d.datname = current_database()"
        )
        seen.append(app_connection.execute(locks).fetchone())
        turn = "select name from core_duty where until > now()"
        seen.append(app_connection.execute(turn).fetchone())

    outbox.subscribe(Happened, "looks")(look)
    _tell()
    assert outbox.relay() == 1
    assert seen == [(0,), ("core.relay",)]


def test_a_fact_held_elsewhere_does_not_keep_a_relay_turning(
    committed: None, app_connection: psycopg.Connection
) -> None:
    """Its holder may be frozen: the relay tells the others and leaves it to the sweep."""
    outbox.subscribe(Happened, "one")(lambda event, *, now: heard.append(event.what))
    _tell("held")
    held = OutboxEvent.objects.get()
    _tell("free")
    app_connection.execute("select 1 from core_outboxevent where id = %s for update", [held.pk])

    def too_long(*_: object) -> None:
        raise TimeoutError("the relay goes on turning")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, 5)
    try:
        assert outbox.relay() == 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        app_connection.rollback()
    assert heard == ["free"]
    assert outbox.relay() == 1


def test_what_is_heard_together_takes_one_transaction_and_one_bad_fact_holds_up_no_other(
    committed: None,
) -> None:
    calls: list[list[str]] = []

    def hears(events: list[Happened], *, now: datetime) -> None:
        calls.append([event.what for event in events])
        if any(event.what == "bad" for event in events):
            raise RuntimeError

    outbox.subscribe(Happened, "many", many=True)(hears)
    for what in ("a", "b"):
        _tell(what)
    assert outbox.relay() == 2
    for what in ("c", "bad", "d"):
        _tell(what)
    assert outbox.relay() == 2
    assert calls == [["a", "b"], ["c", "bad", "d"], ["c"], ["bad"], ["d"]]
    assert [row.payload["what"] for row in OutboxEvent.objects.filter(done_at=None)] == ["bad"]
    assert OutboxReceipt.objects.count() == 4


def test_what_a_listener_does_not_want_costs_it_no_transaction(committed: None) -> None:
    unless = outbox.subscribe(Happened, "one", unless=lambda event: event.what == "known")
    unless(lambda event, *, now: heard.append(event.what))
    for what in ("known", "new"):
        _tell(what)
    assert outbox.relay() == 2
    assert heard == ["new"]
    assert OutboxReceipt.objects.count() == 1
