"""The fault catalogue of suppliers on our own road: slowness, bursts of errors, few calls a second.

See test_catalogue.py for what is where. What the machine's speed decides is measured by `dev.py bench
bulkhead`; here a supplier says nothing until the test lets it, so that only the order of things counts.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connections
from pytest_django import Settings

from core import clock
from fulfillment.models import Attempt, Delivery, Supplier, SupplierCircuit, SupplierPace
from fulfillment.services.drive_units import drive_units
from tests.factories.fulfillment import make_goods, make_offer
from tests.factories.supply import advance, drive, last_attempt, make_topup, move, open_unit
from tests.fulfillment.suppliers.ground import Ground, Place, settled
from tests.fulfillment.suppliers.suite.kit import COST

#: So many at once; and long enough for any machine, for it is only waited for when all is lost.
CALLS, PATIENCE = 4, 60.0


@pytest.fixture(autouse=True)
def _worker(settings: Settings) -> None:
    settings.SUPPLY_TIME_SCALE = 0.02
    settings.SUPPLY_THREADS, settings.SUPPLY_DRIVERS, settings.LEASE_SECONDS = 16, 1, 600


def sold_by(place: Place, number: int) -> list[Delivery]:
    """Units of a SKU that only this one sells."""
    sku = make_goods("topup")
    make_offer(sku, place.row, supplier_sku="TOPUP-1", cost_minor=COST, max_cost_minor=COST)
    return [open_unit(sku) for _unit in range(number)]


def all_are(units: list[Delivery], state: str) -> bool:
    mine = Delivery.objects.filter(pk__in=[unit.pk for unit in units])
    return not mine.exclude(state=state).exists()


def drive_all(done: Callable[[], bool]) -> None:
    """A worker's runs, one after the other, until that is so."""
    until = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < until, list(Delivery.objects.values_list("state", "reason"))
        drive_units(seconds=1.0)


# --- C07: one of three says nothing -----------------------------------------------------------


@contextmanager
def silence(place: Place) -> Iterator[None]:
    """The supplier takes every call and answers none; with the end of this it hangs up."""
    # A's question for the price is not the order; what hangs here is the order itself.
    quiet = {"price_check": False} if place.kit.dialect == "gateway_md5" else place.row.options
    taken: list[socket.socket] = []

    def listen() -> None:
        while True:
            try:
                taken.append(server.accept()[0])
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        Supplier.objects.filter(pk=place.row.pk).update(
            base_url=url, options=quiet, concurrency=CALLS
        )
        listening = threading.Thread(target=listen, daemon=True)
        listening.start()
        try:
            yield
        finally:
            server.shutdown(socket.SHUT_RDWR)
            listening.join()
            for line in taken:
                line.close()


def calls_at(place: Place) -> int:
    return Attempt.objects.filter(supplier=place.row, state="sent").count()


def test_c07_one_that_does_not_answer_keeps_nobody_waiting(standing: Ground) -> None:
    """Of three suppliers one hangs, with more units waiting for it than there are threads."""
    slow, *others = standing.places
    with silence(slow):
        waiting = sold_by(slow, 24)
        quick = [unit for place in others for unit in sold_by(place, 6)]
        worker = threading.Thread(target=_drive_beside, args=(quick,))
        worker.start()
        until = time.monotonic() + PATIENCE
        while not (all_are(quick, "delivered") and calls_at(slow) == CALLS):
            assert calls_at(slow) <= CALLS
            assert time.monotonic() < until
            time.sleep(0.05)
    worker.join()
    move(slow.row, slow.script.base)
    assert sum(standing.grants(unit) for unit in quick) == len(quick)
    assert sum(standing.grants(unit) for unit in waiting) == 0
    settled(standing)


def _drive_beside(quick: list[Delivery]) -> None:
    try:
        drive_all(lambda: all_are(quick, "delivered"))
    finally:
        connections.close_all()


# --- C08: all calls fail, then they do not -----------------------------------------------------


def circuit(place: Place, operation: str = "order") -> SupplierCircuit:
    return SupplierCircuit.objects.get(supplier=place.row, operation=operation)


def test_c08_the_circuit_opens_and_closes_and_questions_still_flow(ground: Ground) -> None:
    """Closed, open, half open, closed: ten bad answers open it, three probes close it."""
    under_way = ground.stuck(make_topup(ground.first.row))
    ground.first.fault("error_before", times=None, status=500)
    sku = ground.topup()
    for unit in [open_unit(sku) for _turn in range(10)]:
        advance(unit)
        assert (last_attempt(unit).supplier, last_attempt(unit).state) == (
            ground.first.row, "unknown",
        )  # fmt: skip
    assert (circuit(ground.first).state, circuit(ground.first).why) == ("open", "in_a_row")
    _shut_for(ground.first, minutes=10)
    elsewhere = drive(open_unit(sku))
    assert last_attempt(elsewhere).supplier == ground.second.row
    waiting = [open_unit(make_topup(ground.first.row)) for _turn in range(5)]
    for unit in waiting:
        advance(unit)
        assert (unit.state, unit.reason, unit.attempts.count()) == ("pending", "breaker", 0)
    ground.first.script.finish(last_attempt(under_way).number, "COMPLETED")
    assert drive(under_way).state == "delivered", "what is under way is still asked after"
    ground.first.script.clear_faults()
    _shut_for(ground.first, minutes=0)
    for unit in waiting:
        assert drive(unit).state == "delivered"
    assert Attempt.objects.filter(supplier=ground.first.row, probe=True).count() == 3
    assert circuit(ground.first).state == "closed"
    settled(ground)


def test_c08_a_probe_that_fails_opens_it_again(ground: Ground) -> None:
    sku = make_topup(ground.first.row)
    ground.first.fault("drop_before", times=None)
    for unit in [open_unit(sku) for _turn in range(10)]:
        advance(unit)
    _shut_for(ground.first, minutes=0)
    advance(open_unit(sku))
    again = circuit(ground.first)
    assert (again.state, Attempt.objects.filter(probe=True).count()) == ("open", 1)
    settled(ground)


def _shut_for(place: Place, *, minutes: int) -> None:
    """Half a minute is half a second here, and a busy machine takes longer than that."""
    until = clock.now() + timedelta(minutes=minutes)
    SupplierCircuit.objects.filter(supplier=place.row, operation="order").update(until=until)
    Delivery.objects.filter(state="pending").update(not_before=clock.now())


# --- C19: few calls a second -------------------------------------------------------------------


def test_c19_few_turns_are_kept_to_and_nothing_is_dropped(standing: Ground) -> None:
    """None leaves before its turn, all arrive, and other suppliers' units do not wait for them."""
    few, other = standing.first, standing.second
    _pace(few, "0.01")
    waiting, quick = sold_by(few, 20), sold_by(other, 6)
    drive_all(lambda: all_are(quick, "delivered"))
    assert Attempt.objects.filter(supplier=few.row, sent_at__isnull=False).count() == 1
    started = _pace(few, "20")
    drive_all(lambda: all_are(waiting, "delivered"))
    attempts = Attempt.objects.filter(supplier=few.row, sent_at__gte=started).order_by("sent_at")
    early = 20 - attempts.count()
    assert early in (0, 1)
    for turn, attempt in enumerate(attempts):
        assert attempt.sent_at is not None
        assert (attempt.sent_at - started).total_seconds() >= turn / 20 - 0.01
    assert sum(standing.grants(unit) for unit in waiting) == 20
    settled(standing)


def _pace(place: Place, a_second: str) -> datetime:
    """So many purchases a second from now on, and no turn is given away yet; the moment."""
    now = clock.now()
    Supplier.objects.filter(pk=place.row.pk).update(rate_per_second=Decimal(a_second))
    SupplierPace.objects.filter(supplier=place.row).update(free_at=now)
    Delivery.objects.filter(state="pending").update(not_before=clock.now())
    return now
