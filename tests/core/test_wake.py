"""Wake-ups are coalesced until their task starts, and no longer: nothing waits for the sweep."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from celery import current_app

from core import outbox, wake
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
