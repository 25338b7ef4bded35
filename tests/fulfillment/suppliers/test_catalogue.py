"""The fault catalogue of suppliers (C01 to C22) on our own road, against dialects A, B and C.

Every test is named after the ids it shows: `dev.py test tests/fulfillment/suppliers -k c07`. C01 to C06 are here,
C07, C08 and C19 in test_catalogue_load.py, C16, C20, C21 and half of C15 in test_catalogue_lists.py, the others in
test_catalogue_goods.py. What an adapter must show by itself (C02, C06, C10 to C12, C14 to C18, C21) is in the
conformance suite as well, and C22 in test_vectors.py and test_signing.py. C08's probes and C19's turns in a crowd of
threads, with their negative controls: tests/fulfillment/road/test_breaker.py and tests/races/test_calls.py.
After each scene the suppliers' truth logs must equal our books.
"""

import re
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connections
from pytest_django import Settings

from core import clock, faults, ledger
from fulfillment.models import (
    Attempt,
    Delivery,
    Entitlement,
    ManualCase,
    Supplier,
    SupplierEvent,
)
from simulators.supply.script import Callback
from tests.factories.supply import (
    advance,
    drive,
    due_now,
    last_attempt,
    make_topup,
    move,
    open_unit,
)
from tests.fulfillment.road.conftest import all_holds, told
from tests.fulfillment.suppliers.ground import Ground, settled
from tests.fulfillment.suppliers.suite.kit import COST


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.SUPPLY_TIME_SCALE = 0.02


# --- C01, C03: done, and nobody said so -------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "params"),
    [("drop_after", {}), ("error_after", {"status": 500}), ("error_after", {"status": 502}),
     ("rate_limited_after", {}), ("half_body", {}), ("bad_signature", {}), ("not_json", {})],
)  # fmt: skip
def test_c01_c03_a_lost_answer_is_asked_after_and_never_bought_elsewhere(
    ground: Ground, fault: str, params: dict[str, Any]
) -> None:
    """C01, C02, C03."""
    unit = open_unit(ground.topup())
    ground.first.fault(fault, **params)
    advance(unit)
    assert last_attempt(unit).state in ("unknown", "accepted")
    drive(unit)
    assert (unit.state, ground.grants(unit), unit.attempts.count()) == ("delivered", 1, 1)
    settled(ground)


def test_c01_c09_control_with_unknown_taken_for_failed_it_is_bought_twice(ground: Ground) -> None:
    """The negative control of C01 and C09."""
    unit = open_unit(ground.topup())
    ground.first.fault("drop_after")
    with faults.without("supply.unknown"):
        drive(unit, until=lambda one: one.state == "delivered")
    deadline = time.monotonic() + 3
    while ground.grants(unit) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ground.grants(unit) == 2
    with pytest.raises(AssertionError):
        ground.truth_equals_books()


# --- C02: how far did it get ------------------------------------------------------------------


def test_c02_what_never_left_is_bought_elsewhere(ground: Ground) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        move(ground.first.row, f"http://127.0.0.1:{closed.getsockname()[1]}")
    unit = drive(open_unit(ground.topup()))
    assert unit.state == "delivered"
    assert {attempt.supplier.code for attempt in unit.attempts.filter(state="succeeded")} == {"y"}
    settled(ground)


@pytest.mark.parametrize("read", [0, 40, 4096])
def test_c02_a_line_that_breaks_midway_proves_nothing(ground: Ground, read: int) -> None:
    """Reset at the first byte, in mid-request, after the whole of it."""
    with _breaks_after(read) as url:
        # A's question for the price is not the order; what breaks here is the order itself.
        quiet = {"price_check": False} if ground.first.kit.dialect == "gateway_md5" else {}
        Supplier.objects.filter(pk=ground.first.row.pk).update(base_url=url, options=quiet)
        unit = open_unit(make_topup(ground.first.row))
        advance(unit)
    tried = unit.attempts.order_by("id").values_list("supplier__code", "state")
    broken = [state for code, state in tried if code == ground.first.row.code]
    others = [state for code, state in tried if code != ground.first.row.code]
    if not read and "unknown" not in broken:
        # It may break before the first byte has left: that is told, and another may be asked.
        assert set(broken) == {"not_sent"}
        return
    assert (broken[-1], set(broken[:-1]) - {"not_sent"}, others) == ("unknown", set(), [])
    assert ground.grants(unit) == 0
    settled(ground)


class _breaks_after:  # noqa: N801  used as a word
    """A server that reads so many bytes of a request and then resets the line."""

    def __init__(self, read: int) -> None:
        self._read = read
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _address = self._server.accept()
            except OSError:
                return
            with line:
                if self._read:
                    line.recv(self._read)
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


# --- C04: twenty copies and a poller ----------------------------------------------------------


def _storm(ground: Ground, unit: Delivery, made: Callback) -> list[BaseException]:
    wrong: list[BaseException] = []
    start = threading.Barrier(24)

    def run(work: Callable[[], object]) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001  counted, not handled
            wrong.append(error)
        finally:
            connections.close_all()

    def poll() -> None:
        due_now(Delivery.objects.get(pk=unit.pk))
        advance(Delivery.objects.get(pk=unit.pk))

    with ThreadPoolExecutor(24) as pool:
        for work in [lambda: ground.first.hear(made)] * 20 + [poll] * 4:
            pool.submit(run, work)
    return wrong


def test_c04_twenty_copies_with_a_poller_are_one_delivery(standing: Ground) -> None:
    """C04."""
    unit = standing.stuck()
    number = last_attempt(unit).number
    standing.first.script.finish(number, "COMPLETED")
    assert _storm(standing, unit, standing.first.script.callback(number)) == []
    drive(unit)
    assert (unit.state, Entitlement.objects.filter(delivery=unit).count()) == ("delivered", 1)
    assert len(told("Delivered")) == 1
    settled(standing)


def test_c04_control_without_the_guard_a_second_answer_does_harm(standing: Ground) -> None:
    unit = standing.stuck()
    standing.first.script.finish(last_attempt(unit).number, "COMPLETED")
    drive(unit)
    Attempt.objects.filter(pk=last_attempt(unit).pk).update(next_query_at=clock.now())
    with faults.without("supply.once"), pytest.raises(IntegrityError):
        advance(unit)


# --- C05: yes and no --------------------------------------------------------------------------


def test_c05_first_no_then_yes_is_a_break_and_no_second_delivery(ground: Ground) -> None:
    """The supplier itself said "failed", the buyer was told so, and then it went through."""
    unit = open_unit(make_topup(ground.first.row))
    ground.first.fault("stuck", state="SUBMITTED")
    (failed,) = ground.first.script.claim("FAILED").values()
    ground.first.fault("odd_state", word=failed)
    drive(unit)
    assert (unit.state, [fact["unit"] for fact in told("SupplyFailed")]) == ("failed", [unit.unit])
    number = last_attempt(unit).number
    ground.first.script.finish(number, "COMPLETED")
    for _copy in range(3):
        ground.first.hear(ground.first.script.callback(number))
    unit.refresh_from_db()
    assert (unit.state, told("Delivered")) == ("failed", [])
    assert ManualCase.objects.get(delivery=unit).why == "contradiction"
    assert ledger.balance("loss_supplier") == COST
    all_holds()
    ground.money_equals_books()


def test_c05_a_weak_yes_after_a_no_is_asked_about_and_not_believed(ground: Ground) -> None:
    if not ground.first.weak:
        pytest.skip("a strong signature is a fact")
    unit = ground.stuck(make_topup(ground.first.row))
    ground.first.script.finish(last_attempt(unit).number, "FAILED")
    drive(unit)
    assert ground.first.hear(ground.first.says(unit, "COMPLETED")) == 200
    assert SupplierEvent.objects.filter(attempt=last_attempt(unit)).last().source == "query"  # type: ignore[union-attr]
    assert (ManualCase.objects.count(), told("Delivered")) == (0, [])
    settled(ground)


def test_c05_first_yes_then_no_is_a_case_and_never_flips_the_unit(ground: Ground) -> None:
    unit = ground.stuck()
    number = last_attempt(unit).number
    ground.first.script.finish(number, "COMPLETED")
    drive(unit)
    ground.first.script.finish(number, "REVERSED")
    made = ground.first.script.callback(number)
    for _copy in range(3):
        ground.first.hear(made)
    due_now(unit)
    advance(unit)
    assert unit.state == "delivered"
    why = ManualCase.objects.get(delivery=unit).why
    assert why == ("contradiction" if ground.first.weak else "reversed")
    assert (len(told("Delivered")), len(told("DeliveryReversed"))) == (1, 1)


# --- C06: what a weak signature is worth ------------------------------------------------------


def test_c06_a_weak_message_has_no_effect_without_a_confirming_query(ground: Ground) -> None:
    """C06: rightly signed, claims the end, and the order is still under way."""
    unit = ground.stuck()
    if not ground.first.weak:
        assert ground.first.hear(ground.first.says(unit, "FAILED")) == 200
        advance(unit)
        assert (unit.state, told("SupplyFailed")) == ("dispatched", [])
        settled_when_done(ground, unit)
        return
    for state in ("COMPLETED", "FAILED"):
        assert ground.first.hear(ground.first.says(unit, state)) == 200
        advance(unit)
        assert (unit.state, last_attempt(unit).state) == ("dispatched", "accepted")
    assert (told("Delivered"), told("SupplyFailed"), ground.grants(unit)) == ([], [], 0)
    settled_when_done(ground, unit)


def test_c06_forged_and_permuted_messages_change_nothing(ground: Ground) -> None:
    unit = ground.stuck()
    number = last_attempt(unit).number
    kinds = ground.first.script.control("forgeries", external_id=number)["kinds"]
    for kind in kinds:
        made = ground.first.script.callback(number, forge=kind)
        assert ground.first.hear(made) in (200, 400)
        advance(unit)
        assert (unit.state, last_attempt(unit).state) == ("dispatched", "accepted"), kind
    settled_when_done(ground, unit)


def settled_when_done(ground: Ground, unit: Delivery) -> None:
    """It goes on as if nothing had been said."""
    ground.first.script.finish(last_attempt(unit).number, "COMPLETED")
    assert drive(unit).state == "delivered"
    settled(ground)


# --- The catalogue as a whole -----------------------------------------------------------------


def test_every_id_of_the_catalogue_is_the_name_of_a_test() -> None:
    here = Path(__file__).parent
    texts = [path.read_text("utf-8") for path in here.rglob("*.py")]
    names = " ".join(name for text in texts for name in re.findall(r"def (test_\w+)", text))
    assert set(re.findall(r"_c(\d\d)(?=_)", names)) == {f"{n:02}" for n in range(1, 23)}
