"""The circuit to a supplier: opens on bad answers, lets three probes through, never stops a question."""

from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from core import clock, faults, tx
from fulfillment.models import Attempt, Delivery, Supplier, SupplierCircuit, SupplierEvent
from fulfillment.queries.breaker import breaker_at, paused_until
from fulfillment.services.trip_breaker import note_call, take_probe
from simulators.process import Simulator
from simulators.supplier_c.script import Supplier as Script
from tests.factories.supply import (
    advance,
    connect,
    drive,
    due_now,
    last_attempt,
    make_topup,
    open_unit,
)
from tests.races.crowd import crowd

WORDS = {"u": "unknown", "n": "not_sent", "g": "accepted", "r": "rejected"}


@pytest.fixture(autouse=True)
def _real_time(settings: Settings) -> None:
    settings.SUPPLY_TIME_SCALE = 1.0


def heard(
    supplier: Supplier, verdicts: str, *, end: datetime, gap_seconds: float = 1.0,
    source: str = "answer", probe: bool = False,
) -> None:  # fmt: skip
    """Answers as they come in, oldest first: u unknown, n not sent, g good, r refused."""
    for place, one in enumerate(verdicts):
        at = end - timedelta(seconds=gap_seconds * (len(verdicts) - 1 - place))
        SupplierEvent.objects.create(
            supplier=supplier, source=source, verdict=WORDS[one], trusted=one == "g", at=at
        )
        with tx.step():
            note_call(
                supplier_id=supplier.pk, verdict=WORDS[one], now=at, probe=probe,
                operation="order" if source == "answer" else "query",
            )  # fmt: skip


def row(supplier: Supplier, operation: str = "order") -> SupplierCircuit:
    return SupplierCircuit.objects.get(supplier=supplier, operation=operation)


@pytest.mark.parametrize(
    ("verdicts", "why"),
    [
        ("u" * 9, ""), ("u" * 10, "in_a_row"), ("n" * 5 + "u" * 5, "in_a_row"),
        ("u" * 9 + "g", ""), ("g" + "u" * 10, "in_a_row"), ("gu" * 10, "share"),
        ("gu" * 9, ""), ("g" * 12 + "u" * 8, ""), ("r" * 30, ""), ("ru" * 9 + "r" * 5, ""),
    ],
)  # fmt: skip
def test_when_it_opens(supplier: Supplier, verdicts: str, why: str) -> None:
    now = clock.now()
    heard(supplier, verdicts, end=now)
    until = paused_until(supplier.pk, now=now)
    assert until == (now + timedelta(seconds=30) if why else None)
    if why:
        assert (row(supplier).state, row(supplier).why) == ("open", why)


def test_a_share_counts_within_a_minute_only(supplier: Supplier) -> None:
    now = clock.now()
    heard(supplier, "gu" * 10, end=now, gap_seconds=4)
    assert paused_until(supplier.pk, now=now) is None


def test_other_suppliers_and_other_messages_do_not_count(supplier: Supplier) -> None:
    now = clock.now()
    heard(Supplier.objects.create(code="other", name="Other"), "u" * 20, end=now)
    heard(supplier, "u" * 20, end=now, source="query")
    assert paused_until(supplier.pk, now=now) is None
    assert paused_until(supplier.pk, now=now, operation="query") is not None


def test_half_open_lets_three_through_and_three_good_ones_close_it(supplier: Supplier) -> None:
    now = clock.now()
    heard(supplier, "u" * 10, end=now)
    later = now + timedelta(seconds=31)
    with tx.step():
        assert not take_probe(supplier_id=supplier.pk, now=now)
        took = [take_probe(supplier_id=supplier.pk, now=later) for _turn in range(5)]
    assert took == [True, True, True, False, False]
    assert breaker_at(row(supplier), now=later).probes_left == 0
    heard(supplier, "gg", end=later, probe=True)
    assert row(supplier).state == "half_open"
    heard(supplier, "g", end=later, probe=True)
    assert row(supplier).state == "closed"
    # What was bad before it closed does not open it again.
    heard(supplier, "u", end=later + timedelta(seconds=1))
    assert row(supplier).state == "closed"


def test_a_bad_probe_doubles_the_pause_up_to_ten_minutes(supplier: Supplier) -> None:
    now = clock.now()
    heard(supplier, "u" * 10, end=now)
    for pause in (60, 120, 240, 480, 600, 600):
        now = row(supplier).until or now
        with tx.step():
            assert take_probe(supplier_id=supplier.pk, now=now)
        heard(supplier, "u", end=now, probe=True)
        assert row(supplier).until == now + timedelta(seconds=pause)


def test_a_probe_whose_worker_died_gives_its_place_to_another(supplier: Supplier) -> None:
    now = clock.now()
    heard(supplier, "u" * 10, end=now - timedelta(seconds=31))
    with tx.step():
        assert all(take_probe(supplier_id=supplier.pk, now=now) for _turn in range(3))
        assert not take_probe(supplier_id=supplier.pk, now=now + timedelta(seconds=59))
        assert take_probe(supplier_id=supplier.pk, now=now + timedelta(seconds=61))


def test_an_answer_from_before_does_not_close_it(supplier: Supplier) -> None:
    now = clock.now()
    heard(supplier, "u" * 10 + "g", end=now)
    assert row(supplier).state == "open"


@pytest.fixture
def broken(standing: Supplier) -> Supplier:
    past = clock.now() - timedelta(seconds=31)
    heard(standing, "u" * 10, end=past)
    return standing


def probes_of(supplier: Supplier, threads: int) -> int:
    taken: list[bool] = []

    def take(_number: int) -> None:
        with tx.step():
            taken.append(take_probe(supplier_id=supplier.pk, now=clock.now()))

    crowd(take, range(threads), threads=threads)
    return sum(taken)


def test_exactly_three_of_a_crowd_are_probes(broken: Supplier) -> None:
    assert probes_of(broken, 24) == 3


def test_control_without_the_count_all_of_them_are(broken: Supplier) -> None:
    with faults.without("supply.probes"):
        assert probes_of(broken, 24) == 24


def test_nothing_new_is_bought_and_questions_still_flow(
    supplier: Supplier, script: Script, settings: Settings
) -> None:
    """C08: closed, open, half open, closed; the number of probes is exact."""
    settings.SUPPLY_TIME_SCALE = 0.02
    under_way = open_unit(make_topup(supplier))
    script.fault("stuck", op="order", state="SUBMITTED")
    advance(under_way)
    heard(supplier, "u" * 10, end=clock.now(), gap_seconds=0)
    # Half a minute is half a second here, and a busy machine takes longer than that.
    SupplierCircuit.objects.update(until=clock.now() + timedelta(minutes=1))
    sku = make_topup(supplier)
    units = [open_unit(sku) for _turn in range(5)]
    for unit in units:
        advance(unit)
        assert (unit.state, unit.reason, unit.attempts.count()) == ("pending", "breaker", 0)
    script.finish(last_attempt(under_way).number, "COMPLETED")
    drive(under_way)
    assert under_way.state == "delivered"
    _wait_until_half_open(supplier)
    script.fault("delay_after", op="order", seconds=0.0)
    for unit in units:
        drive(unit)
        assert unit.state == "delivered"
    probes = Attempt.objects.filter(supplier=supplier, probe=True)
    assert probes.count() == 3
    assert row(supplier).state == "closed"


def _wait_until_half_open(supplier: Supplier) -> None:
    until = row(supplier).until
    assert until is not None
    SupplierCircuit.objects.filter(supplier=supplier).update(until=clock.now())
    Delivery.objects.update(not_before=None)


def test_traffic_moves_while_it_is_open_and_comes_back(
    supplier: Supplier, supplier_c: Simulator, script: Script
) -> None:
    other = connect(supplier_c.url, code="d")
    sku = make_topup(supplier)
    make_topup(other, sku=sku, supplier_sku="TOPUP-2", position=2)
    heard(supplier, "u" * 10, end=clock.now(), gap_seconds=0)
    unit = open_unit(sku)
    advance(unit)
    assert last_attempt(unit).supplier == other
    SupplierCircuit.objects.update(until=clock.now() - timedelta(seconds=1))
    for turn in range(3):
        unit = open_unit(sku)
        advance(unit)
        due_now(unit)
        assert (last_attempt(unit).supplier, last_attempt(unit).probe) == (supplier, True), turn
    assert row(supplier).state == "closed"
