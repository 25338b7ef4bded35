"""The road of one unit against the real supplier simulator over HTTP."""

import socket
import time
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from core import clock, faults, transitions
from fulfillment.models import Attempt, Code, Delivery, Entitlement, ManualCase, Supplier
from fulfillment.services.purchasing.fund_supplier import AlreadyFunded, fund_supplier
from fulfillment.services.reveal import reveal
from fulfillment.services.suppliers.save_supplier import switch_supplier
from simulators.client import ScriptError
from simulators.process import Simulator
from simulators.supplier_c.script import Supplier as Script
from tests.factories.fulfillment import make_goods, make_offer
from tests.factories.supply import (
    BY,
    PREPAID,
    advance,
    connect,
    drive,
    due_now,
    last_attempt,
    make_topup,
    move,
    open_unit,
)
from tests.fulfillment.road.conftest import all_holds, books, told


def grants(script: Script, delivery: Delivery) -> int:
    """Units the supplier really delivered for this unit, whatever number it was asked under."""
    numbers = delivery.attempts.values_list("number", flat=True)
    return sum(len(script.grants(external_id=number)) for number in numbers)


def test_a_top_up_arrives(supplier: Supplier, script: Script) -> None:
    unit = drive(open_unit(make_topup(supplier), owner="usr_OWNER"))
    assert (unit.state, unit.cost_minor, unit.reason) == ("delivered", 1650, "")
    attempt = last_attempt(unit)
    assert (attempt.state, attempt.cost_minor) == ("succeeded", 1650)
    assert attempt.supplier_no == unit.supplier_no != ""
    assert grants(script, unit) == 1
    assert Entitlement.objects.get(delivery=unit).owner == "usr_OWNER"
    assert [fact["delivery"] for fact in told("Delivered")] == [unit.public_id]
    assert books(supplier) == {
        "supplier_prepaid": PREPAID - 1650, "supplier_suspense": 0, "cogs": 1650, "loss": 0,
    }  # fmt: skip
    states = transitions.history(attempt.public_id).values_list("became", flat=True)
    assert list(states)[:2] == ["prepared", "sent"]
    all_holds()


def test_the_number_is_what_suppliers_accept(supplier: Supplier) -> None:
    unit = drive(open_unit(make_topup(supplier)))
    number = last_attempt(unit).number
    assert number.isalnum()
    assert number == number.upper()
    assert len(number) <= 32


@pytest.mark.parametrize(
    ("fault", "params"),
    [
        ("drop_after", {}), ("error_after", {"status": 502}), ("rate_limited_after", {}),
        ("half_body", {}), ("bad_signature", {}), ("wrong_nonce", {}), ("stale_reply", {}),
        ("bom", {}), ("not_json", {}), ("empty", {}), ("odd_state", {"word": "DONE"}),
        ("hide", {"seconds": 0.5}),
    ],
)  # fmt: skip
def test_unknown_is_resolved_by_query_and_bought_once(
    supplier: Supplier, script: Script, fault: str, params: dict[str, Any]
) -> None:
    """C01, C03: the supplier commits, the answer is lost, spoiled or not understood."""
    unit = open_unit(make_topup(supplier))
    script.fault(fault, op="order", **params)
    advance(unit)
    assert unit.state in ("unknown", "dispatched")
    assert last_attempt(unit).state in ("unknown", "accepted")
    if fault == "odd_state":
        script.clear_faults()
        # On a busy machine it has completed by itself meanwhile; then there is nothing to finish.
        with suppress(ScriptError):
            script.finish(last_attempt(unit).number, "COMPLETED")
        assert unit.attempts.count() == 1
        return
    drive(unit)
    assert (unit.state, grants(script, unit), unit.attempts.count()) == ("delivered", 1, 1)
    all_holds()


def _two_offers(supplier: Supplier) -> Delivery:
    sku = make_topup(supplier, supplier_sku="TOPUP-1")
    make_offer(
        sku, supplier, supplier_sku="TOPUP-2", cost_minor=1650, max_cost_minor=1650, position=2
    )
    return open_unit(sku)


def test_unknown_is_never_bought_elsewhere(supplier: Supplier, script: Script) -> None:
    unit = _two_offers(supplier)
    script.fault("drop_after", op="order")
    drive(unit)
    assert (unit.state, grants(script, unit)) == ("delivered", 1)


def test_control_with_unknown_taken_for_failed_it_is_bought_twice(
    supplier: Supplier, script: Script
) -> None:
    """The negative control of C01: without the rule the same scene buys a second time."""
    unit = _two_offers(supplier)
    script.fault("drop_after", op="order")
    with faults.without("supply.unknown"):
        drive(unit, until=lambda one: one.state == "delivered")
    deadline = time.monotonic() + 3
    while grants(script, unit) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert grants(script, unit) == 2


@pytest.mark.parametrize("fault", ["drop_before", "error_before"])
def test_never_arrived_takes_the_whole_rule_and_is_then_bought(
    supplier: Supplier, script: Script, settings: Settings, fault: str
) -> None:
    """C11: not before grace and three times; the second attempt has another number."""
    settings.SUPPLY_TIME_SCALE = 0.001
    unit = open_unit(make_topup(supplier))
    script.fault(fault, op="order")
    advance(unit)
    assert (unit.state, last_attempt(unit).state) == ("unknown", "unknown")
    due_now(unit)
    advance(unit)
    assert last_attempt(unit).not_found_count == 0, "grace is not over"
    drive(unit)
    first, second = unit.attempts.order_by("id")
    assert (first.state, first.answer_code, first.not_found_count) == ("failed", "never_arrived", 3)
    assert (second.state, unit.state, grants(script, unit)) == ("succeeded", "delivered", 1)
    assert books(supplier)["supplier_prepaid"] == PREPAID - 1650
    all_holds()


def test_a_late_appearance_is_not_failed_early(
    supplier: Supplier, script: Script, settings: Settings
) -> None:
    """C11: accepted behind our back, invisible for eight minutes of the ten."""
    settings.SUPPLY_TIME_SCALE = 0.001
    unit = open_unit(make_topup(supplier))
    script.fault("drop_after", op="order")
    script.fault("hide", op="order", seconds=0.48)
    drive(unit)
    assert (unit.state, unit.attempts.count(), grants(script, unit)) == ("delivered", 1, 1)


def test_a_refusal_fails_the_unit_and_gives_the_money_back(
    supplier: Supplier, script: Script
) -> None:
    unit = open_unit(make_topup(supplier))
    script.fault("reject", op="order", code="OUT_OF_STOCK")
    drive(unit)
    assert (unit.state, unit.reason, grants(script, unit)) == ("failed", "out_of_stock", 0)
    assert [fact["reason"] for fact in told("SupplyFailed")] == ["out_of_stock"]
    assert books(supplier)["supplier_prepaid"] == PREPAID
    assert books(supplier)["supplier_suspense"] == 0
    all_holds()


def test_a_refusal_goes_to_the_next_offer_once(supplier: Supplier, script: Script) -> None:
    """C10: next offer, in order, and no word to the floors above."""
    unit = _two_offers(supplier)
    script.fault("reject", op="order", code="OUT_OF_STOCK")
    drive(unit)
    assert [a.supplier_sku for a in unit.attempts.order_by("id")] == ["TOPUP-1", "TOPUP-2"]
    assert (unit.state, grants(script, unit), told("SupplyFailed")) == ("delivered", 1, [])
    all_holds()


@pytest.mark.parametrize("fault", ["fail", "reject_later"])
def test_a_later_failure_is_heard_by_query(supplier: Supplier, script: Script, fault: str) -> None:
    unit = open_unit(make_topup(supplier))
    code = "OPERATOR_FAILED" if fault == "fail" else "BAD_ACCOUNT"
    script.fault(fault, op="order", code=code, seconds=0.1)
    drive(unit)
    assert (unit.state, unit.reason) == ("failed", code.lower())
    assert last_attempt(unit).state == "failed"
    all_holds()


def test_a_price_rise_is_stopped_by_the_guard(supplier: Supplier, script: Script) -> None:
    """C14: never more than the offer's highest cost."""
    unit = open_unit(make_topup(supplier))
    script.fault("price", op="order", percent=20)
    drive(unit)
    assert (unit.state, unit.reason) == ("failed", "price_above_limit")


def test_a_charge_above_the_limit_is_delivered_and_raised(
    supplier: Supplier, script: Script
) -> None:
    unit = open_unit(make_topup(supplier))
    script.fault("price", op="order", percent=20, ignore_limit=True)
    drive(unit)
    assert (unit.state, unit.cost_minor) == ("delivered", 1980)
    assert ManualCase.objects.get(delivery=unit).why == "overcharged"
    assert books(supplier) == {
        "supplier_prepaid": PREPAID - 1650, "supplier_suspense": -330, "cogs": 1980, "loss": 0,
    }  # fmt: skip


def test_nobody_listens_and_the_unit_waits(
    supplier: Supplier, supplier_c: Simulator, script: Script
) -> None:
    """NOT_SENT: the money is back, a new try has a new number, nothing is told to anyone."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    move(supplier, url)
    unit = open_unit(make_topup(supplier))
    advance(unit)
    assert (unit.state, unit.reason) == ("pending", "out_of_reach")
    assert last_attempt(unit).state == "not_sent"
    assert books(supplier)["supplier_prepaid"] == PREPAID
    move(supplier, supplier_c.url)
    drive(unit)
    assert (unit.state, grants(script, unit)) == ("delivered", 1)
    all_holds()


def test_out_of_reach_for_long_is_given_up(supplier: Supplier, settings: Settings) -> None:
    settings.SUPPLY_TIME_SCALE = 0.0001
    move(supplier, "http://127.0.0.1:9")
    unit = drive(open_unit(make_topup(supplier)))
    assert (unit.state, unit.reason) == ("failed", "out_of_reach")
    assert books(supplier)["supplier_prepaid"] == PREPAID
    all_holds()


def test_money_runs_out_before_anything_is_sent(
    supplier_c: Simulator, script: Script, db: None
) -> None:
    """C15: the floor of the prepaid account holds; funding wakes what waits, once per number."""
    supplier = connect(supplier_c.url, prepaid_minor=1000)
    unit = open_unit(make_topup(supplier))
    advance(unit)
    assert (unit.state, unit.reason, unit.attempts.count()) == ("pending", "no_funds", 0)
    now = clock.now()
    fund_supplier(supplier_code="c", amount_minor=5000, payment_no="B1", by=BY, now=now)
    with pytest.raises(AlreadyFunded):
        fund_supplier(supplier_code="c", amount_minor=5000, payment_no="B1", by=BY, now=now)
    drive(unit)
    assert (unit.state, books(supplier)["supplier_prepaid"]) == ("delivered", 4350)
    all_holds()


def test_a_supplier_that_is_off_gets_nothing_new(supplier: Supplier, script: Script) -> None:
    unit, under_way = open_unit(make_topup(supplier)), open_unit(make_topup(supplier))
    script.fault("stuck", op="order", state="SUBMITTED")
    advance(under_way)
    switch_supplier(code="c", on=False, by=BY, note="test", now=clock.now())
    advance(unit)
    assert (unit.state, unit.reason, unit.attempts.count()) == ("pending", "supplier_off", 0)
    # What was bought is still asked after.
    script.finish(last_attempt(under_way).number, "COMPLETED")
    drive(under_way)
    assert under_way.state == "delivered"


def test_a_sku_nobody_sells_goes_to_a_person(db: None) -> None:
    unit = drive(open_unit(make_goods("topup")))
    assert (unit.state, unit.reason) == ("manual", "no_offer")
    assert ManualCase.objects.get(delivery=unit).why == "no_offer"


def test_past_the_deadline_a_person_is_asked_and_a_late_success_still_counts(
    supplier: Supplier, script: Script, settings: Settings
) -> None:
    settings.SUPPLY_TIME_SCALE = 0.000005
    unit = open_unit(make_topup(supplier))
    script.fault("stuck", op="order", state="SUBMITTED")
    drive(unit, until=lambda one: one.state == "manual")
    case = ManualCase.objects.get(delivery=unit)
    assert (case.why, case.state) == ("unknown_too_long", "open")
    settings.SUPPLY_TIME_SCALE = 0.02
    script.finish(last_attempt(unit).number, "COMPLETED")
    due_now(unit)
    drive(unit, until=lambda one: one.state == "delivered")
    case.refresh_from_db()
    assert (case.state, grants(script, unit)) == ("resolved", 1)
    all_holds()


def test_a_card_goes_through_the_vault(supplier: Supplier, script: Script) -> None:
    sku = make_goods("topup")
    make_offer(sku, supplier, supplier_sku="CARD-1", cost_minor=1650, max_cost_minor=1650)
    unit = drive(open_unit(sku, account=None))
    (grant,) = script.grants(external_id=last_attempt(unit).number)
    (shown,) = reveal(delivery_id=unit.public_id, by=BY, ip="", now=clock.now())
    assert (shown.number, shown.secret) == (grant["number"], grant["secret"])
    assert Code.objects.get(issue__delivery=unit).state == "sold"
    all_holds()


def test_a_card_sold_before_goes_to_a_person(supplier: Supplier, script: Script) -> None:
    """C13: the same code twice from the supplier reaches one buyer only."""
    sku = make_goods("topup")
    make_offer(sku, supplier, supplier_sku="CARD-1", cost_minor=1650, max_cost_minor=1650)
    first = drive(open_unit(sku, account=None))
    (sold,) = script.grants(external_id=last_attempt(first).number)
    second = open_unit(sku, account=None)
    script.fault("sold_code", op="order", number=sold["number"], secret=sold["secret"])
    drive(second)
    assert (second.state, second.reason) == ("manual", "sold_code")
    assert Code.objects.count() == 1
    all_holds()


def test_keys_that_do_not_open_send_nothing(supplier: Supplier, script: Script) -> None:
    Supplier.objects.filter(pk=supplier.pk).update(credentials=b"\x01" + b"x" * 60)
    unit = open_unit(make_topup(supplier))
    advance(unit)
    assert (unit.state, last_attempt(unit).state) == ("pending", "not_sent")
    assert books(supplier)["supplier_prepaid"] == PREPAID


def test_each_visit_needs_the_lease(supplier: Supplier, script: Script) -> None:
    unit = open_unit(make_topup(supplier))
    Delivery.objects.filter(pk=unit.pk).update(
        lease_until=clock.now() + timedelta(minutes=1), lease_token="OTHER"
    )
    assert advance(unit) is None
    assert not Attempt.objects.filter(delivery=unit).exists()
