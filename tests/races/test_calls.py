"""Calls at once, turns in the rate: in a crowd, over lost workers, without Valkey (R-SUP-7).

On the whole road (C07, C19): tests/fulfillment/suppliers/test_catalogue_load.py.
"""

import threading
import time
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from pytest_django import Settings

from core import clock, faults, tx
from core.ids import new_number
from fulfillment.models import Supplier, SupplierSlot
from fulfillment.services.drive_units import drive_units
from fulfillment.services.take_call import give_back_call, take_call
from tests.factories.supply import due_now, open_unit
from tests.fulfillment.conftest import _vault
from tests.fulfillment.road.three import Three, standing_three, three_simulators
from tests.races.crowd import comes_up, crowd

__all__ = ["_vault", "standing_three", "three_simulators"]
CROWD = 24


@pytest.fixture
def supplier(committed: None) -> Supplier:
    return Supplier.objects.create(code="s", name="S", dialect="rest_hmac", concurrency=5)


def most_at_once(supplier: Supplier, *, hold_seconds: float = 0.02) -> int:
    """The most calls that a crowd of takers ever held at one moment."""
    held, most, lock = 0, 0, threading.Lock()

    def call(_number: int) -> None:
        nonlocal held, most
        number = new_number("Q")
        with tx.step():
            turn = take_call(supplier=supplier, holder=number, probing=False, now=clock.now())
        if turn is None:
            return
        with lock:
            held += 1
            most = max(most, held)
        time.sleep(hold_seconds)
        with lock:
            held -= 1
        give_back_call(number)

    crowd(call, range(CROWD * 3), threads=CROWD)
    return most


def test_never_more_calls_at_once_than_allowed(supplier: Supplier) -> None:
    assert 0 < most_at_once(supplier) <= 5


def test_control_without_the_slots_there_are_more(supplier: Supplier) -> None:
    with faults.without("supply.slots"):
        assert comes_up(lambda: most_at_once(supplier) > 5)


def take(supplier: Supplier, number: str = "") -> object:
    with tx.step():
        return take_call(
            supplier=supplier, holder=number or new_number("Q"), probing=False, now=clock.now()
        )


def test_a_slot_of_a_dead_worker_frees_itself(supplier: Supplier) -> None:
    assert all(take(supplier) for _turn in range(5))
    assert take(supplier) is None
    SupplierSlot.objects.filter(number=3).update(until=clock.now() - timedelta(seconds=1))
    assert take(supplier) is not None
    assert take(supplier) is None


def test_fewer_calls_are_allowed_at_once_when_the_setting_says_so(supplier: Supplier) -> None:
    first = [new_number("Q") for _turn in range(5)]
    assert all(take(supplier, number) for number in first)
    supplier.concurrency = 2
    supplier.save()
    for number in first[:3]:
        give_back_call(number)
    assert take(supplier) is not None
    assert take(supplier) is not None
    assert take(supplier) is None


def admitted(supplier: Supplier, seconds: float) -> list[float]:
    """The turns, in seconds from the start, that a crowd is given."""
    turns: list[float] = []
    started = clock.now()

    def call(_number: int) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            number = new_number("Q")
            with tx.step():
                turn = take_call(supplier=supplier, holder=number, probing=False, now=clock.now())
            if turn is not None:
                turns.append((turn - started).total_seconds())
                give_back_call(number)
            time.sleep(0.01)

    crowd(call, range(8), threads=8)
    return sorted(turns)


@pytest.fixture
def paced(supplier: Supplier) -> Supplier:
    supplier.rate_per_second, supplier.concurrency = Decimal(10), 50
    supplier.save()
    return supplier


def test_turns_are_as_far_apart_as_the_rate_says(paced: Supplier) -> None:
    turns = admitted(paced, 1.0)
    gaps = [later - earlier for earlier, later in pairwise(turns)]
    # Ten on a machine that does nothing else; a pace that wasted turns would give two or three.
    assert len(turns) >= 5
    assert min(gaps) >= 0.0999


def test_control_without_the_pace_they_come_at_once(paced: Supplier) -> None:
    with faults.without("supply.pace"):
        assert comes_up(lambda: len(admitted(paced, 0.3)) > 20)


@pytest.fixture
def worker(settings: Settings) -> None:
    settings.SUPPLY_THREADS, settings.SUPPLY_DRIVERS = 12, 1
    settings.LEASE_SECONDS = 60


def test_the_worker_asks_after_what_is_unknown(standing_three: Three, worker: None) -> None:
    standing_three.scripts[0].fault("drop_after", op="order")
    unit = open_unit(standing_three.sku)
    drive_units(seconds=2)
    unit.refresh_from_db()
    assert unit.state == "unknown"
    due_now(unit)
    drive_units(seconds=2)
    unit.refresh_from_db()
    assert (unit.state, unit.attempts.count()) == ("delivered", 1)


def test_two_workers_at_once_share_the_units(standing_three: Three, settings: Settings) -> None:
    settings.SUPPLY_THREADS, settings.SUPPLY_DRIVERS = 6, 2
    units = [open_unit(standing_three.sku) for _turn in range(12)]
    crowd(lambda _number: drive_units(seconds=8), range(2), threads=2)
    for unit in units:
        unit.refresh_from_db()
        assert (unit.state, unit.attempts.count()) == ("delivered", 1)
        assert sum(standing_three.grants(unit)) == 1
