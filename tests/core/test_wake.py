"""Wake-ups are coalesced until their task starts, and no longer: nothing waits for the sweep."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from celery import current_app

from core import clock, outbox, wake
from core.models.outbox import OutboxEvent
from core.tasks import relay
from core.tx import step

pytestmark = pytest.mark.usefixtures("committed")


@dataclass(frozen=True)
class Happened:
    what: str


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """How many messages wait for a worker. No flag goes by itself while a test looks."""
    monkeypatch.setattr(wake, "FLAG_MS", 60_000)
    current_app.loader.import_default_modules()
    wake.clear(outbox.RELAY_TASK, ())
    with current_app.connection_for_write() as connection:
        channel = connection.default_channel
        channel.queue_purge("celery")
        # An empty queue does not exist in Valkey, so it is declared and not just looked at.
        yield lambda: channel.queue_declare("celery").message_count
        channel.queue_purge("celery")


def tell(what: str) -> None:
    with step():
        outbox.publish(Happened(what))


def test_wake_ups_for_the_same_work_are_one(waiting: Callable[[], int]) -> None:
    tell("first")
    tell("second")
    assert waiting() == 1


def test_two_facts_within_a_second_are_both_told_at_once(
    waiting: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(outbox, "_handlers", defaultdict(dict))
    outbox.subscribe(Happened, "one")(lambda event, *, now: heard.append(event.what))
    for number, what in enumerate(("first", "second"), start=1):
        tell(what)
        assert waiting() == number
        relay.apply()
        assert heard[-1] == what


def due(message: object) -> float:
    """In how many seconds a waiting message asks to be worked on."""
    eta = message.headers["eta"]  # type: ignore[attr-defined]
    return 0.0 if eta is None else (datetime.fromisoformat(eta) - clock.now()).total_seconds()


def test_a_busy_shops_facts_are_gathered_and_a_quiet_ones_told_at_once(
    waiting: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wake, "GATHER_MS", 60_000)
    wake._flags().delete(wake._began(wake._flag(outbox.RELAY_TASK, ())))
    tell("quiet")
    relay.apply()
    for what in ("one", "two", "three"):
        tell(what)
    assert waiting() == 2
    with current_app.connection_for_read() as connection:
        queue = connection.default_channel
        at_once, gathered = (queue.basic_get("celery") for _ in range(2))
    assert due(at_once) == 0
    assert 30 < due(gathered) <= 60


def test_what_came_while_a_relay_was_at_work_is_told_soon(
    waiting: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second relay would find the turn taken, so the first rings for it."""
    monkeypatch.setattr(outbox, "_handlers", defaultdict(dict))

    def hear(event: Happened, *, now: object) -> None:
        if event.what == "first":
            OutboxEvent.objects.create(
                topic=outbox.topic_of(Happened), payload={"what": "second"},
                created_at=clock.now(), not_before=clock.now(),
            )  # fmt: skip

    outbox.subscribe(Happened, "one")(hear)
    tell("first")
    relay.apply()
    assert waiting() == 2
    assert OutboxEvent.objects.filter(done_at=None).count() == 1
    relay.apply()
    assert OutboxEvent.objects.filter(done_at=None).count() == 0


@pytest.mark.parametrize(
    ("task", "args"),
    [("orders.push_refund", ()), ("orders.query_payments", ()), ("orders.fill_waits", ("7",))],
)
def test_every_woken_task_lets_the_next_wake_up_through(
    waiting: Callable[[], int], task: str, args: tuple[str, ...]
) -> None:
    wake.clear(task, args)
    for number in (1, 2):
        wake.poke(task, *args)
        assert waiting() == number
        current_app.tasks[task].apply(args)
