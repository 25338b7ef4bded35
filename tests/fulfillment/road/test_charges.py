"""Money that a supplier took without our consent: seen while its case is open, settled with it."""

from collections.abc import Callable
from typing import Any

import pytest

from core import clock, invariants
from core.ledger import FloorBreached
from core.tx import step
from fulfillment import postings
from fulfillment.models import Delivery, ManualCase, Supplier
from fulfillment.services.retry_delivery import retry_delivery
from simulators.process import Simulator
from simulators.supplier_c.script import Supplier as Script
from tests.factories.accounts import make_staff
from tests.factories.supply import (
    BY,
    PREPAID,
    advance,
    connect,
    drive,
    last_attempt,
    make_topup,
    open_unit,
)
from tests.fulfillment.road.conftest import all_holds, books
from tests.fulfillment.road.test_callbacks import post, stuck
from tests.fulfillment.road.test_people import agree, propose


@pytest.fixture
def pair(db: None) -> tuple[str, str]:
    return make_staff("support").public_id, make_staff("support").public_id


def overcharged(supplier: Supplier, script: Script) -> Delivery:
    """Delivered at 19.80 although 16.50 was the most we had allowed."""
    unit = open_unit(make_topup(supplier))
    script.fault("price", op="order", percent=20, ignore_limit=True)
    return drive(unit)


def contradicted(supplier: Supplier, script: Script) -> Delivery:
    """Refused, and charged at 16.50 all the same."""
    unit = stuck(supplier, script)
    number = last_attempt(unit).number
    script.finish(number, "FAILED", code="OPERATOR_FAILED")
    post(script.callback(number))
    advance(unit)
    post(script.callback(number, state="COMPLETED", delivered=1, cost="16.50"))
    unit.refresh_from_db()
    return unit


def unsettled() -> list[str]:
    return [str(one) for one in invariants.check_all(now=clock.now(), grace=0, only="INV-L9")]


@pytest.mark.parametrize(("verdict", "state"), [("deliver", "delivered"), ("fail", "revoked")])
def test_an_overcharge_leaves_the_prepaid_money_when_its_case_closes(
    supplier: Supplier, script: Script, pair: tuple[str, str], verdict: str, state: str
) -> None:
    unit = overcharged(supplier, script)
    assert unsettled() == []
    agree(propose(unit, pair[0], verdict), pair[1])
    unit.refresh_from_db()
    assert unit.state == state
    assert books(supplier) == {
        "supplier_prepaid": PREPAID - 1980, "supplier_suspense": 0, "cogs": 1980, "loss": 0,
    }  # fmt: skip
    assert not ManualCase.objects.exclude(state="resolved").exists()
    all_holds()


def test_a_charge_for_what_had_failed_is_a_loss_that_leaves_the_prepaid_money(
    supplier: Supplier, script: Script, pair: tuple[str, str]
) -> None:
    unit = contradicted(supplier, script)
    assert books(supplier)["supplier_suspense"] == -1650
    agree(propose(unit, pair[0], "fail"), pair[1])
    assert books(supplier) == {
        "supplier_prepaid": PREPAID - 1650, "supplier_suspense": 0, "cogs": 0, "loss": 1650,
    }  # fmt: skip
    all_holds()


def test_no_machine_and_nobody_alone_closes_a_case_about_money(
    supplier: Supplier, script: Script, pair: tuple[str, str]
) -> None:
    unit = contradicted(supplier, script)
    retry_delivery(delivery_id=unit.public_id, by=BY, note="again", now=clock.now())
    drive(unit)
    assert unit.state == "delivered"
    assert ManualCase.objects.get(delivery=unit).state == "open"
    assert unsettled() == []
    agree(propose(unit, pair[0], "deliver"), pair[1])
    assert books(supplier) == {
        "supplier_prepaid": PREPAID - 3300, "supplier_suspense": 0, "cogs": 1650, "loss": 1650,
    }  # fmt: skip
    all_holds()


def test_a_case_that_closed_without_its_money_is_seen(
    supplier: Supplier, script: Script, owner_sql: Callable[..., Any]
) -> None:
    overcharged(supplier, script)
    ManualCase.objects.update(state="resolved")
    assert unsettled() != []


def test_money_that_the_books_do_not_hold_is_funded_first(
    supplier_c: Simulator, script: Script, db: None, pair: tuple[str, str]
) -> None:
    supplier = connect(supplier_c.url, prepaid_minor=1650)
    unit = overcharged(supplier, script)
    approval = propose(unit, pair[0])
    with pytest.raises(FloorBreached):
        agree(approval, pair[1])
    assert ManualCase.objects.get(delivery=unit).state == "proposed"
    with step():
        postings.supplier_funded(
            supplier=supplier.code, payment_no="late", amount_minor=330, currency="CNY",
            now=clock.now(),
        )  # fmt: skip
    agree(approval, pair[1])
    assert books(supplier)["supplier_prepaid"] == 0
    all_holds()
