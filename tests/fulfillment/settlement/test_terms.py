"""Three ways to pay a supplier: in advance, on account, when sold; each through the whole road."""

from typing import Any

import pytest

from core import clock, invariants, ledger
from core.reconciliation.runs import RUNS, reconcile
from core.reconciliation.values import day_of
from core.tx import step
from fulfillment import postings
from fulfillment.models import Code, CodeBatch, CodeIssue, Delivery, Supplier, SupplierTerms
from fulfillment.services.pool.expire_codes import expire_codes
from fulfillment.services.receive_callback import receive_callback
from fulfillment.services.settlement.change_terms import change_terms
from fulfillment.services.settlement.settle_consigned import settle_consigned
from simulators.process import Simulator
from simulators.supply.script import Supplier as Script
from tests.factories.fulfillment import import_file, make_file, make_goods, make_supplier
from tests.factories.orders import make_paid, stocked
from tests.factories.supply import BY, connect, drive, last_attempt, make_topup, open_unit
from tests.fulfillment.road.conftest import all_holds

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    settings.SUPPLY_TIME_SCALE = 0.02


@pytest.fixture
def supplier(supplier_c: Simulator, script: Script) -> Supplier:
    script.set_balance(10**9)
    return connect(supplier_c.url, prepaid_minor=0)


def on(supplier: Supplier, terms: str, limit: int = 0) -> Supplier:
    change_terms(
        supplier_code=supplier.code, terms=terms, credit_limit_minor=limit, by=BY, now=clock.now()
    )
    supplier.refresh_from_db()
    return supplier


def books(supplier: Supplier) -> dict[str, int]:
    heads = ("prepaid", "payable", "suspense")
    found = {head: ledger.balance(f"supplier_{head}:{supplier.code}") for head in heads}
    return {**found, "cogs": ledger.balance("cogs")}


def test_on_account_a_purchase_is_owed(supplier: Supplier, script: Script) -> None:
    on(supplier, SupplierTerms.CREDIT, 10_000)
    unit = drive(open_unit(make_topup(supplier)))
    assert unit.state == "delivered"
    assert books(supplier) == {"prepaid": 0, "payable": -1650, "suspense": 0, "cogs": 1650}
    all_holds()


def test_the_credit_that_was_given_is_the_end_of_it(supplier: Supplier, script: Script) -> None:
    on(supplier, SupplierTerms.CREDIT, 1650)
    sku = make_topup(supplier)
    assert drive(open_unit(sku)).state == "delivered"
    second = open_unit(sku)
    with pytest.raises(AssertionError, match="no_funds"):
        drive(second, seconds=0.3)
    assert books(supplier)["payable"] == -1650
    on(supplier, SupplierTerms.CREDIT, 3300)
    Delivery.objects.filter(pk=second.pk).update(not_before=None)
    assert drive(second).state == "delivered"
    assert books(supplier)["payable"] == -3300


def test_a_refusal_is_owed_to_nobody(supplier: Supplier, script: Script) -> None:
    on(supplier, SupplierTerms.CREDIT, 10_000)
    script.fault("fail", op="order", times=1)
    assert drive(open_unit(make_topup(supplier))).state == "failed"
    assert books(supplier) == {"prepaid": 0, "payable": 0, "suspense": 0, "cogs": 0}
    all_holds()


def test_what_is_under_way_keeps_the_terms_it_was_bought_under(
    supplier: Supplier, script: Script
) -> None:
    on(supplier, SupplierTerms.CREDIT, 10_000)
    script.fault("stuck", op="order", state="SUBMITTED", times=1)
    unit = open_unit(make_topup(supplier))
    with pytest.raises(AssertionError, match="stuck"):
        drive(unit, seconds=0.3)
    on(supplier, SupplierTerms.PREPAID)
    script.finish(last_attempt(unit).number, "COMPLETED")
    assert drive(unit).state == "delivered"
    assert books(supplier) == {"prepaid": 0, "payable": -1650, "suspense": 0, "cogs": 1650}
    all_holds()


@pytest.mark.parametrize("end", ["COMPLETED", "FAILED"])
def test_paid_when_sold_sets_nothing_aside(supplier: Supplier, script: Script, end: str) -> None:
    on(supplier, SupplierTerms.CONSIGNMENT)
    script.fault("stuck", op="order", state="SUBMITTED", times=1)
    unit = open_unit(make_topup(supplier))
    with pytest.raises(AssertionError, match="stuck"):
        drive(unit, seconds=0.3)
    assert books(supplier) == {"prepaid": 0, "payable": 0, "suspense": 0, "cogs": 0}
    script.finish(last_attempt(unit).number, end)
    drive(unit)
    owed = 1650 if end == "COMPLETED" else 0
    assert books(supplier) == {"prepaid": 0, "payable": -owed, "suspense": 0, "cogs": owed}
    all_holds()


def test_a_reversal_after_all_is_owed_less(supplier: Supplier, script: Script) -> None:
    on(supplier, SupplierTerms.CREDIT, 10_000)
    unit = drive(open_unit(make_topup(supplier)))
    number = last_attempt(unit).number
    script.finish(number, "REVERSED")
    made = script.callback(number)
    receive_callback(
        supplier_code=supplier.code, headers=made.headers, body=made.body, now=clock.now()
    )
    assert last_attempt(unit).state == "reversed"
    assert books(supplier) == {"prepaid": 0, "payable": 0, "suspense": 0, "cogs": 0}


# --- stock ----------------------------------------------------------------------------------------


def stock(paid_from: str, units: int = 5, cost: int = 700) -> tuple[Supplier, CodeBatch]:
    supplier = make_supplier()
    batch = import_file(
        make_goods(), make_file(units), supplier_id=supplier.pk, paid_from=paid_from,
        cost_minor=cost,
    )  # fmt: skip
    return supplier, batch


def test_stock_on_account_is_owed_at_once() -> None:
    supplier, _batch = stock("credit")
    assert ledger.balance("code_inventory") == 3500
    assert ledger.balance(f"supplier_payable:{supplier.code}") == -3500


def test_consigned_stock_is_owed_as_it_is_sold_and_not_when_it_is_lost() -> None:
    supplier, batch = stock("consign")
    held, payable = f"consigned_goods:{supplier.code}", f"supplier_payable:{supplier.code}"
    assert (ledger.balance(held), ledger.balance(payable)) == (-3500, 0)
    sold = Code.objects.filter(batch=batch)[:2]
    sell(list(sold))
    Code.objects.filter(pk=Code.objects.filter(batch=batch, state="available")[0].pk).update(
        expires_on="2020-01-01"
    )
    expire_codes(now=clock.now())
    for _again in range(3):
        settle_consigned(now=clock.now())
    assert ledger.balance(payable) == -1400
    assert (ledger.balance(held), ledger.balance("writeoff")) == (-1400, 0)
    assert ledger.balance("code_inventory") == 1400
    row = reconcile(
        name="ledger", party="ledger:consigned", day=day_of(clock.now()), now=clock.now()
    )
    assert row.state == "matched"
    for family in ("INV-L1", "INV-L3", "INV-S8"):
        assert invariants.check_all(now=clock.now(), grace=0, only=family) == []


def sell(codes: list[Code]) -> None:
    """Sold as the shop would, with its cost taken from stock."""
    for n, code in enumerate(codes, start=1):
        unit = Delivery.objects.create(
            reference="ord_X", line="l", unit=n, channel="main", sku_id=code.sku_id, kind="pool",
            state="delivered", created_at=clock.now(), delivered_at=clock.now(),
            cost_minor=code.batch.cost_minor,
        )  # fmt: skip
        Code.objects.filter(pk=code.pk).update(
            state="held", held_by="ord_X", held_until=clock.now(), held_line="l"
        )
        Code.objects.filter(pk=code.pk).update(state="sold", sold_at=clock.now(), held_until=None)
        CodeIssue.objects.create(code=code, delivery=unit, number=1, at=clock.now())
        with step():
            postings.pool_cost(
                delivery=unit.public_id, reference="ord_X", cost_minor=code.batch.cost_minor,
                currency="CNY", now=clock.now(),
            )  # fmt: skip


def test_every_sum_of_a_living_shop_matches() -> None:
    make_paid(stocked(3), 2)
    day = day_of(clock.now())
    found = {
        (run, party.code): reconcile(name=run, party=party.code, day=day, now=clock.now()).state
        for run in ("goods", "ledger")
        for party in RUNS.get(run).parties()
    }
    assert {key for key, state in found.items() if state == "differs"} == set()
    assert len(found) >= 9
