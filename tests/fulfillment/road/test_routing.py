"""Several suppliers behind one SKU, over real HTTP: failover, silence, breaker, floor, switch (must show 2)."""

import socket
from datetime import timedelta

import pytest
from django.db.models import Q
from pytest_django import Settings

from core import clock, faults, leases
from fulfillment.models import (
    Attempt,
    Delivery,
    ManualCase,
    RouteDecision,
    SupplierCircuit,
    SupplierOffer,
)
from fulfillment.services.prepare_attempt import prepare_attempt
from fulfillment.services.retry_delivery import retry_delivery
from fulfillment.services.suppliers.save_supplier import switch_supplier
from fulfillment.trace import chain_of
from tests.factories.supply import (
    BY,
    PREPAID,
    advance,
    drive,
    due_now,
    last_attempt,
    move,
    open_unit,
)
from tests.fulfillment.road.conftest import all_holds, books
from tests.fulfillment.road.three import Three, three, three_simulators

__all__ = ["three", "three_simulators"]
PAID = 2000


def test_the_cheapest_says_no_and_the_second_delivers_in_the_same_wait(three: Three) -> None:
    unit = open_unit(three.sku, paid_minor=PAID)
    three.scripts[0].fault("reject", op="order", code="OUT_OF_STOCK")
    advance(unit)
    assert (unit.state, unit.supplier) == ("delivered", three.suppliers[1])
    assert unit.tries == 1, "one visit, no sleep until the next sweep"
    assert three.asked(unit) == ["one", "two"]
    assert three.grants(unit) == [0, 1, 0]
    assert unit.cost_minor == 1600
    assert books(three.suppliers[0])["supplier_prepaid"] == PREPAID
    assert books(three.suppliers[1])["supplier_prepaid"] == PREPAID - 1600
    all_holds()


def test_a_silent_second_is_resolved_by_query_and_the_third_never_asked(
    three: Three, settings: Settings
) -> None:
    settings.SUPPLY_TIME_SCALE = 1.0
    unit = open_unit(three.sku, paid_minor=PAID)
    three.scripts[0].fault("reject", op="order", code="OUT_OF_STOCK")
    three.scripts[1].fault("drop_after", op="order")
    three.scripts[1].fault("error_before", op="lookup", times=3, status=503)
    advance(unit)
    assert (unit.state, last_attempt(unit).state) == ("unknown", "unknown")
    for _visit in range(3):
        due_now(unit)
        advance(unit)
        assert unit.state == "unknown"
    due_now(unit)
    advance(unit)
    assert (unit.state, unit.supplier) == ("delivered", three.suppliers[1])
    assert three.asked(unit) == ["one", "two"]
    assert three.grants(unit) == [0, 1, 0]
    all_holds()


def test_control_taken_for_a_refusal_the_third_is_asked_and_it_is_bought_twice(
    three: Three,
) -> None:
    unit = open_unit(three.sku, paid_minor=PAID)
    three.scripts[0].fault("reject", op="order", code="OUT_OF_STOCK")
    three.scripts[1].fault("drop_after", op="order")
    with faults.without("supply.unknown"):
        advance(unit)
    assert three.grants(unit) == [0, 1, 1]


@pytest.mark.parametrize(
    ("policy", "order"),
    [("fixed", ["three", "two", "one"]), ("cheapest", ["one", "two", "three"])],
)
def test_the_policy_says_who_is_asked_in_which_order(
    three: Three, policy: str, order: list[str]
) -> None:
    three.policy(policy)
    for script in three.scripts:
        script.fault("reject", op="order", code="OUT_OF_STOCK")
    unit = open_unit(three.sku, paid_minor=PAID)
    advance(unit)
    assert (three.asked(unit), unit.state, unit.reason) == (order, "failed", "out_of_stock")


def test_by_weight_everybody_sells_and_nobody_alone(three: Three) -> None:
    three.policy("weighted")
    SupplierOffer.objects.filter(supplier=three.suppliers[2]).update(weight=0)
    units = [open_unit(three.sku, paid_minor=PAID) for _turn in range(16)]
    for unit in units:
        advance(unit)
    sold = {unit.supplier for unit in units}
    assert sold == set(three.suppliers[:2])


def test_the_fastest_is_asked_first(three: Three) -> None:
    three.policy("fixed")
    three.scripts[2].fault("delay", op="order", seconds=0.3)
    slow = open_unit(three.sku, paid_minor=PAID)
    advance(slow)
    assert slow.supplier == three.suppliers[2]
    SupplierOffer.objects.filter(supplier=three.suppliers[1]).update(position=0)
    quick = open_unit(three.sku, paid_minor=PAID)
    advance(quick)
    SupplierOffer.objects.filter(supplier=three.suppliers[0]).update(active=False)
    three.policy("fastest")
    unit = open_unit(three.sku, paid_minor=PAID)
    advance(unit)
    assert unit.supplier == three.suppliers[1]


def test_only_as_many_as_the_policy_says(three: Three) -> None:
    three.policy("cheapest", max_attempts=2)
    for script in three.scripts[:2]:
        script.fault("reject", op="order", code="OUT_OF_STOCK")
    unit = open_unit(three.sku, paid_minor=PAID)
    advance(unit)
    assert (three.asked(unit), unit.state) == (["one", "two"], "failed")


def test_nobody_buys_dearer_than_what_was_paid(three: Three) -> None:
    """The second would cost as much as was paid, less the floor; a person is asked instead."""
    three.policy("cheapest", margin_floor_minor=100)
    three.scripts[0].fault("reject", op="order", code="OUT_OF_STOCK")
    unit = open_unit(three.sku, paid_minor=1699)
    advance(unit)
    assert (unit.state, unit.reason) == ("manual", "margin")
    assert three.asked(unit) == ["one"]
    assert ManualCase.objects.get(delivery=unit).why == "margin"
    SupplierOffer.objects.filter(supplier=three.suppliers[1]).update(cost_minor=1599)
    three.scripts[1].product("GOLD-M", cost_minor=1599)
    retry_delivery(delivery_id=unit.public_id, by=BY, note="cheaper now", now=clock.now())
    three.scripts[0].fault("reject", op="order", code="OUT_OF_STOCK")
    advance(unit)
    three.scripts[1].product("GOLD-M", cost_minor=1600)
    assert (unit.state, unit.supplier, unit.cost_minor) == ("delivered", three.suppliers[1], 1599)
    all_holds()


def test_a_price_that_rose_meanwhile_is_stopped_at_what_was_paid(three: Three) -> None:
    """C14: the purchase says what it may cost, and that is never more than was paid."""
    SupplierOffer.objects.update(max_cost_minor=9000)
    three.scripts[0].fault("price", op="order", percent=20)
    unit = open_unit(three.sku, paid_minor=1750)
    advance(unit)
    first = unit.attempts.order_by("id")[0]
    assert (first.max_cost_minor, first.answer_code) == (1750, "PRICE_ABOVE_LIMIT")
    assert unit.supplier == three.suppliers[1]


def test_one_that_cannot_be_reached_passes_the_unit_on_at_once(three: Three) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        move(three.suppliers[0], f"http://127.0.0.1:{nobody.getsockname()[1]}")
        unit = open_unit(three.sku, paid_minor=PAID)
        advance(unit)
    assert (unit.state, unit.supplier, unit.tries) == ("delivered", three.suppliers[1], 1)
    assert first_state(unit.pk) == "not_sent"
    all_holds()


def first_state(delivery_id: int) -> str:
    return str(Attempt.objects.filter(delivery_id=delivery_id).order_by("id")[0].state)


def test_keys_that_do_not_open_pass_the_unit_on(three: Three) -> None:
    three.suppliers[0].credentials = b"x" * 40
    three.suppliers[0].save()
    unit = drive(open_unit(three.sku, paid_minor=PAID))
    assert (unit.supplier, first_state(unit.pk)) == (three.suppliers[1], "not_sent")


def test_switched_off_between_choice_and_send_it_is_not_asked(three: Three) -> None:

    unit = open_unit(three.sku, paid_minor=PAID)
    (lease,) = leases.claim(Delivery, where=Q(pk=unit.pk), limit=1, seconds=0.01, now=clock.now())
    assert prepare_attempt(lease=lease, now=clock.now())
    switch_supplier(code="one", on=False, by=BY, note="slow", now=clock.now())
    drive(unit)
    assert (unit.supplier, first_state(unit.pk)) == (three.suppliers[1], "not_sent")
    all_holds()


def test_a_supplier_switched_off_is_passed_over_and_waiting_units_move(three: Three) -> None:
    for code in ("one", "two", "three"):
        switch_supplier(code=code, on=False, by=BY, note="storm", now=clock.now())
    unit = open_unit(three.sku, paid_minor=PAID)
    advance(unit)
    assert (unit.state, unit.reason) == ("pending", "supplier_off")
    assert unit.not_before is not None
    assert unit.not_before > clock.now() - timedelta(seconds=1)
    switch_supplier(code="two", on=True, by=BY, note="over", now=clock.now())
    unit.refresh_from_db()
    assert unit.not_before is not None
    assert unit.not_before <= clock.now(), "it does not wait for its next try"
    advance(unit)
    assert unit.supplier == three.suppliers[1]


def test_breaker_opens_traffic_moves_and_half_open_recovers(
    three: Three, settings: Settings
) -> None:
    settings.SUPPLY_TIME_SCALE = 1.0
    three.scripts[0].fault("drop_before", op="order", times=None)
    lost = [open_unit(three.sku, paid_minor=PAID) for _turn in range(10)]
    for unit in lost:
        advance(unit)
        assert (unit.state, three.asked(unit)) == ("unknown", ["one"])
    circuit = SupplierCircuit.objects.get(supplier=three.suppliers[0], operation="order")
    assert (circuit.state, circuit.why) == ("open", "in_a_row")
    moved = open_unit(three.sku, paid_minor=PAID)
    advance(moved)
    assert (moved.state, three.asked(moved)) == ("delivered", ["two"])
    # Questions still flow while it is open.
    before = last_attempt(lost[0]).query_count
    due_now(lost[0])
    advance(lost[0])
    assert last_attempt(lost[0]).query_count == before + 1
    # Still broken when it is tried: twice as long.
    SupplierCircuit.objects.update(until=clock.now())
    probe = open_unit(three.sku, paid_minor=PAID)
    advance(probe)
    circuit.refresh_from_db()
    assert (last_attempt(probe).probe, circuit.state, circuit.pause_seconds) == (True, "open", 60)
    three.scripts[0].clear_faults()
    SupplierCircuit.objects.update(until=clock.now())
    for _turn in range(3):
        unit = open_unit(three.sku, paid_minor=PAID)
        advance(unit)
        assert (unit.state, three.asked(unit)) == ("delivered", ["one"])
    circuit.refresh_from_db()
    assert circuit.state == "closed"
    assert Attempt.objects.filter(probe=True).count() == 4


def test_every_decision_is_explained_in_the_trace(three: Three) -> None:
    switch_supplier(code="one", on=False, by=BY, note="storm", now=clock.now())
    three.scripts[1].fault("reject", op="order", code="OUT_OF_STOCK")
    unit = open_unit(three.sku, paid_minor=PAID)
    advance(unit)
    first, second = RouteDecision.objects.filter(delivery=unit)
    assert [one["why"] for one in first.considered] == ["supplier_off", "", ""]
    assert [one["why"] for one in second.considered] == ["supplier_off", "refused", ""]
    assert first.attempt is not None
    facts = [fact for fact in chain_of(unit.reference).facts if "ONE" in fact.detail]
    assert len(facts) == 2


def test_a_unit_that_waits_says_so_once(three: Three) -> None:
    for code in ("one", "two", "three"):
        switch_supplier(code=code, on=False, by=BY, note="storm", now=clock.now())
    unit = open_unit(three.sku, paid_minor=PAID)
    for _turn in range(3):
        due_now(unit)
        advance(unit)
    (decision,) = RouteDecision.objects.filter(delivery=unit)
    assert (decision.why, decision.attempt) == ("supplier_off", None)
