"""The fault catalogue of suppliers (C01 to C22) on our own road, against dialects A, B and C.

What needs no road is in conformance.py: C02, C03, C10, C14, C16, C17, C18 for the adapter alone, and
C22 in test_vectors.py. C07, C08 and C19 are about suppliers whatever they speak: tests/fulfillment/road.
After each scene the suppliers' truth logs must equal our books.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connections
from pytest_django import Settings

from core import clock, faults, leases, ledger, tx
from fulfillment.models import (
    Attempt,
    Code,
    Delivery,
    Entitlement,
    ManualCase,
    Supplier,
    SupplierEvent,
)
from fulfillment.services.cancel_delivery import cancel_delivery
from fulfillment.services.prepare_attempt import prepare_attempt
from fulfillment.services.retry_delivery import StillOpen, retry_delivery
from fulfillment.services.reveal import reveal
from fulfillment.services.save_supplier import put_key
from simulators.supply.script import Callback
from tests.factories.supply import (
    BY,
    advance,
    connect,
    drive,
    due_now,
    last_attempt,
    make_topup,
    move,
    open_unit,
)
from tests.fulfillment.road.conftest import all_holds, told
from tests.fulfillment.simulated import Suppliers
from tests.fulfillment.suppliers.conformance import COST, REFUSALS, SECRET
from tests.fulfillment.suppliers.ground import Ground
from tests.fulfillment.suppliers.test_conformance import A, C, kit_b

#: The word by which each dialect says that an order has failed.
NO = {"rest_hmac": "FAILED", "gateway_md5": "failed", "form_md5": "2"}
KITS = {"A": (A, C), "B": (kit_b(), A), "C": (C, kit_b())}


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.SUPPLY_TIME_SCALE = 0.02


def _laid(request: pytest.FixtureRequest, suppliers: Suppliers) -> Iterator[Ground]:
    kit, other = KITS[request.param]
    made = Ground(suppliers, kit, other)
    yield made
    for place in made.places:
        place.script.clear_faults()
        for name in ("TOPUP-1", "TOPUP-2", "CARD-1"):
            place.script.product(name, cost_minor=COST, stock=None, state="on")
        place.script.set_balance(100_000_000)


@pytest.fixture(params=KITS)
def ground(request: pytest.FixtureRequest, suppliers: Suppliers, db: None) -> Iterator[Ground]:
    yield from _laid(request, suppliers)


@pytest.fixture(params=KITS)
def standing(
    request: pytest.FixtureRequest, suppliers: Suppliers, committed: None
) -> Iterator[Ground]:
    """The same, really committed: for threads."""
    yield from _laid(request, suppliers)


def settled(ground: Ground) -> None:
    all_holds()
    ground.truth_equals_books()


# --- C01, C03: done, and nobody said so -------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "params"),
    [("drop_after", {}), ("error_after", {"status": 500}), ("error_after", {"status": 502}),
     ("rate_limited_after", {}), ("half_body", {}), ("bad_signature", {}), ("not_json", {})],
)  # fmt: skip
def test_a_lost_answer_is_asked_after_and_never_bought_elsewhere(
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


def test_control_with_unknown_taken_for_failed_it_is_bought_twice(ground: Ground) -> None:
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


def test_what_never_left_is_bought_elsewhere(ground: Ground) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        move(ground.first.row, f"http://127.0.0.1:{closed.getsockname()[1]}")
    unit = drive(open_unit(ground.topup()))
    assert unit.state == "delivered"
    assert {attempt.supplier.code for attempt in unit.attempts.filter(state="succeeded")} == {"y"}
    settled(ground)


@pytest.mark.parametrize("read", [0, 40, 4096])
def test_a_line_that_breaks_midway_proves_nothing(ground: Ground, read: int) -> None:
    """Reset at the first byte, in mid-request, after the whole of it."""
    with _breaks_after(read) as url:
        # A's question for the price is not the order; what breaks here is the order itself.
        quiet = {"price_check": False} if ground.first.kit.dialect == "gateway_md5" else {}
        Supplier.objects.filter(pk=ground.first.row.pk).update(base_url=url, options=quiet)
        unit = open_unit(ground.topup())
        advance(unit)
    states = list(unit.attempts.order_by("id").values_list("state", flat=True))
    if not read:
        # It may break before the first byte has left: that is told, and tried once more.
        states = [state for state in states if state != "not_sent"]
    assert states == ["unknown"] or (states == [] and not read)
    assert ground.grants(unit) == 0


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


def test_twenty_copies_with_a_poller_are_one_delivery(standing: Ground) -> None:
    """C04."""
    unit = standing.stuck()
    number = last_attempt(unit).number
    standing.first.script.finish(number, "COMPLETED")
    assert _storm(standing, unit, standing.first.script.callback(number)) == []
    drive(unit)
    assert (unit.state, Entitlement.objects.filter(delivery=unit).count()) == ("delivered", 1)
    assert len(told("Delivered")) == 1
    settled(standing)


def test_control_without_the_guard_a_second_answer_does_harm(standing: Ground) -> None:
    unit = standing.stuck()
    standing.first.script.finish(last_attempt(unit).number, "COMPLETED")
    drive(unit)
    Attempt.objects.filter(pk=last_attempt(unit).pk).update(next_query_at=clock.now())
    with faults.without("supply.once"), pytest.raises(IntegrityError):
        advance(unit)


# --- C05: yes and no --------------------------------------------------------------------------


def test_first_no_then_yes_is_a_break_and_no_second_delivery(ground: Ground) -> None:
    """The supplier itself said "failed", the buyer was told so, and then it went through."""
    unit = open_unit(make_topup(ground.first.row))
    ground.first.fault("stuck", state="SUBMITTED")
    ground.first.fault("odd_state", word=NO[ground.first.kit.dialect])
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


def test_a_weak_yes_after_a_no_is_asked_about_and_not_believed(ground: Ground) -> None:
    if not ground.first.weak:
        pytest.skip("a strong signature is a fact")
    unit = ground.stuck(make_topup(ground.first.row))
    ground.first.script.finish(last_attempt(unit).number, "FAILED")
    drive(unit)
    assert ground.first.hear(ground.first.says(unit, "yes")) == 200
    assert SupplierEvent.objects.filter(attempt=last_attempt(unit)).last().source == "query"  # type: ignore[union-attr]
    assert (ManualCase.objects.count(), told("Delivered")) == (0, [])
    settled(ground)


def test_first_yes_then_no_is_a_case_and_never_flips_the_unit(ground: Ground) -> None:
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


def test_a_weak_message_has_no_effect_without_a_confirming_query(ground: Ground) -> None:
    """C06: rightly signed, claims the end, and the order is still under way."""
    unit = ground.stuck()
    if not ground.first.weak:
        assert ground.first.hear(ground.first.says(unit, "no")) == 200
        advance(unit)
        assert (unit.state, told("SupplyFailed")) == ("dispatched", [])
        return
    for end in ("yes", "no"):
        assert ground.first.hear(ground.first.says(unit, end)) == 200
        advance(unit)
        assert (unit.state, last_attempt(unit).state) == ("dispatched", "accepted")
    assert (told("Delivered"), told("SupplyFailed"), ground.grants(unit)) == ([], [], 0)


def test_forged_and_permuted_messages_change_nothing(ground: Ground) -> None:
    unit = ground.stuck()
    number = last_attempt(unit).number
    kinds = ground.first.script.control("forgeries", external_id=number)["kinds"]
    for kind in kinds:
        made = ground.first.script.callback(number, forge=kind)
        assert ground.first.hear(made) in (200, 400)
        advance(unit)
        assert (unit.state, last_attempt(unit).state) == ("dispatched", "accepted"), kind
    ground.first.script.finish(number, "COMPLETED")
    drive(unit)
    settled(ground)


# --- C09: nobody can be made to buy again -----------------------------------------------------


@pytest.mark.parametrize("state", ["accepted", "unknown"])
def test_every_path_that_could_buy_again_refuses(
    ground: Ground, settings: Settings, state: str
) -> None:
    """C09: sweeper, retry button, cancel-and-retry, preparing by hand."""
    settings.SUPPLY_TIME_SCALE = 1.0
    unit = open_unit(ground.topup())
    ground.first.fault("stuck" if state == "accepted" else "drop_after")
    ground.first.fault("error_before", op="lookup", times=None)
    advance(unit)
    assert last_attempt(unit).state == state
    for _visit in range(3):
        due_now(unit)
        advance(unit)
    with pytest.raises(StillOpen):
        retry_delivery(delivery_id=unit.public_id, by=BY, note="again", now=clock.now())
    with tx.step():
        assert not cancel_delivery(delivery=unit.public_id, now=clock.now(), by=BY, why="refund")
    due_now(unit)
    (lease,) = leases.claim(
        Delivery, where=_only(unit), limit=1, seconds=9, now=clock.now()
    )  # fmt: skip
    assert not prepare_attempt(lease=lease, now=clock.now())
    assert unit.attempts.count() == 1


def _only(unit: Delivery) -> Any:
    from django.db.models import Q

    return Q(pk=unit.pk)


# --- C10, C14, C15: a definite no -------------------------------------------------------------


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_goes_to_the_next_supplier_once(ground: Ground, code: str) -> None:
    """C10."""
    unit = open_unit(ground.topup())
    ground.first.fault("reject", code=code)
    drive(unit)
    assert [attempt.supplier.code for attempt in unit.attempts.order_by("id")] == ["x", "y"]
    assert (unit.state, ground.grants(unit), told("SupplyFailed")) == ("delivered", 1, [])
    settled(ground)


def test_a_price_that_rose_is_not_paid(ground: Ground) -> None:
    """C14: the first is dearer than its limit, the second sells at the old price."""
    ground.first.script.product("TOPUP-1", cost_minor=COST * 12 // 10)
    unit = drive(open_unit(ground.topup()))
    first = unit.attempts.order_by("id")[0]
    assert (first.state, first.answer_code) == ("rejected", "PRICE_ABOVE_LIMIT")
    assert (unit.state, unit.cost_minor, ground.grants(unit)) == ("delivered", COST, 1)
    settled(ground)


def test_an_empty_account_there_routes_away(ground: Ground) -> None:
    """C15: their balance is not our books' balance; they say so, definitely."""
    ground.first.script.set_balance(COST - 1)
    unit = drive(open_unit(ground.topup()))
    first = unit.attempts.order_by("id")[0]
    assert (first.state, first.answer_code) == ("rejected", "INSUFFICIENT_BALANCE")
    assert (unit.state, ground.grants(unit)) == ("delivered", 1)
    settled(ground)


# --- C11: no such order -----------------------------------------------------------------------


def test_a_late_appearance_is_not_failed_early(ground: Ground, settings: Settings) -> None:
    """C11: taken behind our back, invisible for eight minutes of the ten."""
    settings.SUPPLY_TIME_SCALE = 0.001
    unit = open_unit(ground.topup())
    ground.first.fault("drop_after")
    ground.first.fault("hide", seconds=0.48)
    drive(unit)
    assert (unit.state, unit.attempts.count(), ground.grants(unit)) == ("delivered", 1, 1)
    settled(ground)


def test_never_arrived_takes_the_whole_rule_or_a_person(ground: Ground, settings: Settings) -> None:
    """C11: after grace and three times it is bought again, but only where that is promised."""
    settings.SUPPLY_TIME_SCALE = 0.001 if ground.first.kit.dialect != "gateway_md5" else 0.00001
    unit = open_unit(make_topup(ground.first.row))
    ground.first.fault("drop_before")
    drive(unit)
    first = unit.attempts.order_by("id")[0]
    if ground.first.kit.dialect == "gateway_md5":
        assert (unit.state, unit.reason) == ("manual", "unknown_too_long")
        assert (unit.attempts.count(), ground.grants(unit)) == (1, 0)
        return
    assert (first.state, first.answer_code, first.not_found_count) == ("failed", "never_arrived", 3)
    assert (unit.state, unit.attempts.count(), ground.grants(unit)) == ("delivered", 2, 1)
    settled(ground)


# --- C12, C13, C17: cards ---------------------------------------------------------------------


def test_a_card_reaches_its_buyer_through_the_vault(ground: Ground) -> None:
    unit = drive(open_unit(ground.card(), account=None))
    (grant,) = ground.first.script.grants(external_id=last_attempt(unit).number)
    (shown,) = reveal(delivery_id=unit.public_id, by=BY, ip="", now=clock.now())
    assert (shown.number, shown.secret) == (grant["number"], grant["secret"])
    code = Code.objects.get(issue__delivery=unit)
    assert (code.state, str(code.expires_on)) == ("sold", grant["expires_on"])
    assert grant["secret"].encode() not in bytes(code.sealed)
    settled(ground)


def test_two_of_three_cards(ground: Ground) -> None:
    """C12: each unit is bought by itself; the one that failed is bought at the next supplier."""
    sku = ground.card(both=True)
    units = [open_unit(sku, account=None) for _unit in range(3)]
    drive(units[0])
    ground.first.fault("fail")
    for unit in units[1:]:
        drive(unit)
    assert [unit.state for unit in units] == ["delivered"] * 3
    assert [unit.attempts.count() for unit in units] == [1, 2, 1]
    assert Code.objects.filter(state="sold").count() == 3
    settled(ground)


def test_a_card_sold_before_goes_to_a_person(ground: Ground) -> None:
    """C13: the same code twice from the supplier reaches one buyer only."""
    sku = ground.card()
    first = drive(open_unit(sku, account=None))
    (sold,) = ground.first.script.grants(external_id=last_attempt(first).number)
    second = open_unit(sku, account=None)
    ground.first.fault("sold_code", number=sold["number"], secret=sold["secret"])
    drive(second)
    assert (second.state, second.reason) == ("manual", "sold_code")
    assert Code.objects.count() == 1
    settled(ground)


def test_a_spoiled_card_is_never_delivered(ground: Ground) -> None:
    """C17: it stays with the supplier's number until it can be read, or a person takes it."""
    for how in ground.first.kit.odd_cards:
        unit = open_unit(ground.card(), account=None)
        ground.first.fault("odd_cards", op="lookup", how=how, times=3)
        advance(unit)
        for _visit in range(2):
            due_now(unit)
            advance(unit)
            assert (unit.state, Code.objects.filter(issue__delivery=unit).count()) != (
                "delivered", 0,
            )  # fmt: skip
        ground.first.script.clear_faults()
        drive(unit)
        assert Code.objects.filter(issue__delivery=unit).count() == 1, how
    settled(ground)


# --- C20, C21 ---------------------------------------------------------------------------------


def test_every_seeded_break_of_a_statement_can_be_seen(ground: Ground) -> None:
    """C20: thirty differences between the file and the truth, and not one more."""
    place = ground.first
    sku = make_topup(place.row)
    for _unit in range(30):
        drive(open_unit(sku))
    link = place.kit.connection(place.script.base)
    today = clock.now().astimezone(_shanghai()).date()
    before = place.kit.adapter.statement(link, day=today, now=clock.now())
    planted = place.script.statement_breaks(
        today.isoformat(), count=30, seed=11, kinds=["missing", "extra", "amount", "duplicate"]
    )
    after = place.kit.adapter.statement(link, day=today, now=clock.now())
    assert (after.problem, after.rejected, before.rejected) == ("", (), ())
    was, is_ = list(before.lines), list(after.lines)
    changed = {"missing": (1, 0), "extra": (0, 1), "amount": (1, 1), "duplicate": (0, 1)}
    gone, come = _without(was, is_), _without(is_, was)
    assert len(gone) == sum(changed[one["kind"]][0] for one in planted)
    assert len(come) == sum(changed[one["kind"]][1] for one in planted)
    assert after.digest != before.digest


def _without(lines: list[Any], others: list[Any]) -> list[Any]:
    left = list(others)
    return [line for line in lines if line not in left or left.remove(line)]  # type: ignore[func-returns-value]


def _shanghai() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("Asia/Shanghai")


def test_keys_change_while_a_purchase_is_under_way(ground: Ground) -> None:
    """C21."""
    place, unit = ground.first, ground.stuck()
    place.script.control("key", key_id="k2", secret=SECRET[::-1])
    row = place.row
    put_key(row, key_id="k2", secret=SECRET[::-1])
    row.save()
    place.script.finish(last_attempt(unit).number, "COMPLETED")
    assert place.hear(place.script.callback(last_attempt(unit).number)) == 200
    drive(unit)
    assert unit.state == "delivered"
    settled(ground)


def test_a_second_connection_to_the_same_supplier_is_another_account(ground: Ground) -> None:
    """A number of ours is looked for among the purchases of the supplier it came from."""
    other = connect(
        ground.first.script.base, code="z", secret=SECRET, dialect=ground.first.kit.dialect,
        options=ground.first.kit.options,
    )  # fmt: skip
    unit = ground.stuck()
    number = last_attempt(unit).number
    ground.first.script.finish(number, "COMPLETED")
    made = ground.first.script.callback(number)
    ground.first.row = other
    ground.first.hear(made)
    unit.refresh_from_db()
    assert unit.state == "dispatched"
