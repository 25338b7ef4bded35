"""Exactly once: 64 buyers at a time on one pool, with people who walk away in the middle (D01, D02)."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from catalog import snapshot
from catalog.models import Sku
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from core.tx import step
from fulfillment.models import Code, CodeIssue, Delivery
from fulfillment.services.hold import HoldLine, SoldOut, hold
from fulfillment.services.open_deliveries import OpenLine, open_deliveries
from fulfillment.services.pool.quarantine_codes import quarantine_codes
from fulfillment.services.pool.restore_codes import restore_codes
from fulfillment.services.pool.sweep_pool import tell_shelf
from fulfillment.services.release import release, release_overdue
from tests.factories.fulfillment import make_stock
from tests.races.crowd import THREADS, crowd

pytestmark = pytest.mark.usefixtures("committed")
HOLD = timedelta(minutes=15)


class WalkedAway(Exception):
    """A buyer whose request dies after the units were taken and before the commit."""


@pytest.fixture(autouse=True)
def _quiet(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    settings.TEST_HOOKS = True
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def buy(reference: str, lines: list[HoldLine], *, leave: str = "") -> None:
    """Order and pay, in the two steps of the road. `leave` says how the buyer goes away."""
    now = clock.now()
    with step():
        hold(reference=reference, lines=lines, until=now + HOLD, channel="main", now=now)
        if leave == "rollback":
            raise WalkedAway
        if leave == "cut":
            connection.close()
            raise WalkedAway
    with step():
        opened = open_deliveries(
            reference=reference, owner=None, channel="main", now=now,
            lines=[OpenLine(line.line, line.sku_id, line.quantity) for line in lines],
        )  # fmt: skip
    assert len(opened.delivered) == sum(line.quantity for line in lines)


def assert_sound() -> None:
    assert [str(v) for v in check_all(now=clock.now()) if v.invariant.id[4] in "DSLA"] == []


def test_500_codes_5000_attempts() -> None:
    sku = make_stock(500)
    done: Counter[str] = Counter()

    def attempt(number: int) -> None:
        leave = {0: "rollback", 1: "cut"}.get(number % 100, "")
        try:
            buy(f"ord_{number}", [HoldLine("a", sku.pk, 1)], leave=leave)
            done["bought"] += 1
        except SoldOut:
            done["sold out"] += 1
        except WalkedAway:
            done["left"] += 1
            connections.close_all()

    crowd(attempt, range(5000))
    assert done["bought"] == 500
    assert done["bought"] + done["sold out"] + done["left"] == 5000
    assert Code.objects.filter(state="sold").count() == 500
    assert CodeIssue.objects.values("code").distinct().count() == 500
    assert Delivery.objects.values("reference").distinct().count() == 500
    assert_sound()


def test_several_at_a_time_are_all_or_nothing() -> None:
    sku, other = make_stock(300), make_stock(300)
    bought: dict[str, int] = {}

    def attempt(number: int) -> None:
        dice = random.Random(number)
        lines = [
            HoldLine("a", sku.pk, dice.randint(1, 5)),
            HoldLine("b", other.pk, dice.randint(1, 5)),
        ]
        dice.shuffle(lines)
        reference = f"ord_{number}"
        try:
            buy(reference, lines, leave="rollback" if number % 20 == 0 else "")
            bought[reference] = sum(line.quantity for line in lines)
        except (SoldOut, WalkedAway):
            pass

    crowd(attempt, range(600))
    crowd(
        lambda number: _last_ones(number, sku.pk, other.pk, bought), range(600, 640)
    )  # singles take what the large orders could not
    units = Counter(Delivery.objects.values_list("reference", flat=True))
    assert dict(units) == bought
    assert Code.objects.filter(state="available").count() == 0
    assert Code.objects.filter(state="sold").count() == sum(bought.values()) == 600
    assert_sound()


def _last_ones(number: int, first: int, second: int, bought: dict[str, int]) -> None:
    for place, sku_id in enumerate((first, second)):
        reference = f"ord_{number}_{place}"
        try:
            buy(reference, [HoldLine("a", sku_id, 1)])
            bought[reference] = 1
        except SoldOut:
            pass


def test_nobody_is_sent_away_while_a_unit_is_only_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many buyers as codes; a dozen others have taken two units each and let go of them."""
    monkeypatch.setattr("fulfillment.services.hold.WAIT_FOR_LOCK", "20s")  # a busy machine is slow
    sku = make_stock(52)
    done: Counter[str] = Counter()
    taken = threading.Semaphore(0)
    all_taken = threading.Event()

    def take_and_let_go(reference: str) -> None:
        now = clock.now()
        with step():
            hold(
                reference=reference,
                lines=[HoldLine("a", sku.pk, 2)],
                until=now + HOLD,
                channel="main",
                now=now,
            )
            taken.release()
            all_taken.wait()
            time.sleep(0.2)
            raise WalkedAway

    def attempt(number: int) -> None:
        try:
            if number < 12:
                take_and_let_go(f"ord_{number}")
            if number == 12:
                for _ in range(12):
                    taken.acquire()
                all_taken.set()
            all_taken.wait()
            buy(f"ord_{number}", [HoldLine("a", sku.pk, 1)])
            done["bought"] += 1
        except SoldOut:
            done["sent away"] += 1
        except WalkedAway:
            done["left"] += 1

    crowd(attempt, range(THREADS))
    assert done == {"bought": 52, "left": 12}
    assert_sound()


def test_paying_crosses_the_sweeper() -> None:
    """Holds run out while their buyers pay: the unit is the payer's or the pool's, never both's."""
    sku = make_stock(64)
    results: Counter[str] = Counter()
    past = clock.now() - timedelta(seconds=1)
    for number in range(64):
        with step():
            hold(
                reference=f"ord_{number}", lines=[HoldLine("a", sku.pk, 1)], until=past,
                channel="main", now=clock.now(),
            )  # fmt: skip

    def cross(job: tuple[str, int]) -> None:
        kind, number = job
        with step():
            if kind == "sweep":
                release_overdue(now=clock.now(), units=3)
            elif kind == "cancel":
                release(reference=f"ord_{number}", now=clock.now(), why="canceled")
            else:
                opened = open_deliveries(
                    reference=f"ord_{number}", owner=None, channel="main",
                    lines=[OpenLine("a", sku.pk, 1)], now=clock.now(),
                )  # fmt: skip
                results["short" if opened.short else "opened"] += 1

    jobs = [(kind, n) for n in range(64) for kind in ("pay", "sweep", "cancel")]
    random.Random(7).shuffle(jobs)
    crowd(cross, jobs)
    assert results["opened"] == 64
    assert Code.objects.filter(state="sold").count() == 64
    assert_sound()


def test_negative_control_without_the_row_lock() -> None:
    """With the lock taken away, the same crowd is promised more units than there are."""
    sku = make_stock(20)
    promised: list[str] = []

    def attempt(number: int) -> None:
        now = clock.now()
        try:
            with step():
                hold(
                    reference=f"ord_{number}", lines=[HoldLine("a", sku.pk, 1)], until=now + HOLD,
                    channel="main", now=now,
                )  # fmt: skip
                time.sleep(0.01)
            promised.append(f"ord_{number}")
        except SoldOut:
            pass

    with without("hold.skip_locked"):
        crowd(attempt, range(256))
    holders = set(Code.objects.exclude(held_by="").values_list("held_by", flat=True))
    assert len(promised) > 20
    assert set(promised) - holders


def test_the_shelf_is_not_told_what_was_true_before() -> None:
    """A sweep that counted before codes came back must not write "sold out" after they did."""
    busy, back = make_stock(1), make_stock(1)
    for sku in (busy, back):
        quarantine(sku)
    Sku.objects.filter(pk=busy.pk).update(availability="in")
    counted = threading.Event()

    def sweep() -> None:
        counted.set()
        tell_shelf(now=clock.now())
        connections.close_all()

    sweeper = threading.Thread(target=sweep)
    with step():
        Sku.objects.select_for_update(no_key=True).get(pk=busy.pk)
        sweeper.start()
        counted.wait()
        wait_for_lock()
        elsewhere(lambda: restore(back))
    sweeper.join()
    shown = dict(Sku.objects.values_list("pk", "availability"))
    assert shown == {busy.pk: "out", back.pk: "low"}


def quarantine(sku: Sku) -> None:
    ids = list(Code.objects.filter(sku=sku).values_list("pk", flat=True))
    quarantine_codes(code_ids=ids, by="tests", why="strange", now=clock.now())


def restore(sku: Sku) -> None:
    ids = list(Code.objects.filter(sku=sku).values_list("pk", flat=True))
    restore_codes(code_ids=ids, by="tests", why="fine", now=clock.now())


def elsewhere(work: Callable[[], object]) -> None:
    """Do it on a connection of its own, and wait."""
    crowd(lambda _: work(), [None], threads=1)


def wait_for_lock() -> None:
    """Until somebody waits for a row that another holds."""
    with connection.cursor() as cursor:
        for _ in range(1000):
            cursor.execute("select 1 from pg_locks where not granted")
            if cursor.fetchone():
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")
