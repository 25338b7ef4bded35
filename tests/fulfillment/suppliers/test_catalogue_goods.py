"""The fault catalogue of suppliers on our own road, from C09 on: refusals, cards, statements, keys.

See test_catalogue.py for what is where.
"""

from typing import Any

import pytest
from pytest_django import Settings

from core import clock, leases, tx
from fulfillment.models import (
    Code,
    Delivery,
    ManualCase,
    SupplierOffer,
)
from fulfillment.services.cancel_delivery import cancel_delivery
from fulfillment.services.prepare_attempt import prepare_attempt
from fulfillment.services.retry_delivery import StillOpen, retry_delivery
from fulfillment.services.reveal import reveal
from tests.factories.supply import (
    BY,
    advance,
    drive,
    due_now,
    last_attempt,
    make_topup,
    open_unit,
)
from tests.fulfillment.road.conftest import all_holds, told
from tests.fulfillment.suppliers.ground import Ground, settled
from tests.fulfillment.suppliers.suite.kit import COST, REFUSALS


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.SUPPLY_TIME_SCALE = 0.02


# --- C09: nobody can be made to buy again -----------------------------------------------------


@pytest.mark.parametrize("state", ["accepted", "unknown"])
def test_c09_every_path_that_could_buy_again_refuses(
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
    all_holds()


def _only(unit: Delivery) -> Any:
    from django.db.models import Q

    return Q(pk=unit.pk)


# --- C10, C14, C15: a definite no -------------------------------------------------------------


@pytest.mark.parametrize("code", REFUSALS)
def test_c10_a_refusal_goes_to_the_next_supplier_once(ground: Ground, code: str) -> None:
    """C10."""
    unit = open_unit(ground.topup())
    ground.first.fault("reject", code=code)
    drive(unit)
    assert [attempt.supplier.code for attempt in unit.attempts.order_by("id")] == ["x", "y"]
    assert (unit.state, ground.grants(unit), told("SupplyFailed")) == ("delivered", 1, [])
    settled(ground)


def test_c10_the_next_one_is_not_asked_at_a_loss(ground: Ground) -> None:
    """The margin floor: what the buyer paid does not bear the second one's price."""
    sku = ground.topup()
    dearer = SupplierOffer.objects.filter(supplier=ground.second.row)
    dearer.update(cost_minor=COST + 2, max_cost_minor=COST + 2)
    unit = open_unit(sku, paid_minor=COST + 1)
    ground.first.fault("reject", code="OUT_OF_STOCK")
    drive(unit)
    assert (unit.state, unit.reason, unit.attempts.count()) == ("manual", "margin", 1)
    assert (ground.grants(unit), told("SupplyFailed")) == (0, [])
    settled(ground)


def test_c14_a_price_that_rose_is_not_paid(ground: Ground) -> None:
    """C14: the first is dearer than its limit, the second sells at the old price."""
    ground.first.script.product("TOPUP-1", cost_minor=COST * 12 // 10)
    unit = drive(open_unit(ground.topup()))
    first = unit.attempts.order_by("id")[0]
    assert (first.state, first.answer_code) == ("rejected", "PRICE_ABOVE_LIMIT")
    assert (unit.state, unit.cost_minor, ground.grants(unit)) == ("delivered", COST, 1)
    settled(ground)


def test_c15_an_empty_account_there_routes_away(ground: Ground) -> None:
    """C15: their balance is not our books' balance; they say so, definitely."""
    ground.first.script.set_balance(COST - 1)
    unit = drive(open_unit(ground.topup()))
    first = unit.attempts.order_by("id")[0]
    assert (first.state, first.answer_code) == ("rejected", "INSUFFICIENT_BALANCE")
    assert (unit.state, ground.grants(unit)) == ("delivered", 1)
    settled(ground)


# --- C11: no such order -----------------------------------------------------------------------


def test_c11_a_late_appearance_is_not_failed_early(ground: Ground, settings: Settings) -> None:
    """C11: taken behind our back, invisible for eight minutes of the ten."""
    settings.SUPPLY_TIME_SCALE = 0.001
    unit = open_unit(ground.topup())
    ground.first.fault("drop_after")
    ground.first.fault("hide", seconds=0.48)
    drive(unit)
    assert (unit.state, unit.attempts.count(), ground.grants(unit)) == ("delivered", 1, 1)
    settled(ground)


def test_c11_never_arrived_takes_the_whole_rule_or_a_person(
    ground: Ground, settings: Settings
) -> None:
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


def test_c12_two_of_three_cards(ground: Ground) -> None:
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


def test_c12_where_nobody_else_sells_it_one_of_three_is_given_up(ground: Ground) -> None:
    """The floor above refunds what it is told of: one unit and not the line."""
    sku = ground.card()
    units = [open_unit(sku, account=None) for _unit in range(3)]
    drive(units[0])
    ground.first.fault("fail")
    for unit in units[1:]:
        drive(unit)
    assert [unit.state for unit in units] == ["delivered", "failed", "delivered"]
    assert [fact["reference"] for fact in told("SupplyFailed")] == [units[1].reference]
    assert Code.objects.filter(state="sold").count() == 2
    settled(ground)


def test_c13_a_card_sold_before_goes_to_a_person(ground: Ground) -> None:
    """The same code twice from the supplier reaches one buyer only; the other one's unit is a person's."""
    sku = ground.card()
    first = drive(open_unit(sku, account=None))
    (sold,) = ground.first.script.grants(external_id=last_attempt(first).number)
    second = open_unit(sku, account=None)
    ground.first.fault("sold_code", number=sold["number"], secret=sold["secret"])
    drive(second)
    assert (second.state, second.reason) == ("manual", "sold_code")
    assert Code.objects.count() == 1
    assert ManualCase.objects.get(delivery=second).why == "sold_code"
    settled(ground)


def test_c17_a_spoiled_card_is_never_delivered(ground: Ground) -> None:
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
