"""Breaks planted past every guard: the runs of goods and ledger find each of them, and no other.

A small living shop is made by its services, and everything matches. Then rows are spoiled as the
database's owner with triggers off, as a bug or a wrong hand would: several of each kind, beside
sound rows of the same kind. A third run must change nothing.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.models import Comparison, Difference
from core.reconciliation.runs import RUNS, reconcile
from core.reconciliation.values import DAY, ZONE, day_of
from fulfillment.models import Code, Delivery, Redemption
from orders.models import Order, OrderLine
from orders.services.request_refund import request_refund
from tests.factories.catalog import make_sku
from tests.factories.fulfillment import import_file, make_file, make_goods, make_supplier
from tests.factories.orders import make_paid, relay_all, stocked
from tests.fulfillment.settlement.test_payouts import used

pytestmark = pytest.mark.usefixtures("committed", "_noon")
COST = 250
Spoil = Callable[..., list[str]]


@pytest.fixture
def _noon(committed: None, settings: Any) -> Iterator[None]:
    """Noon in Shanghai, so that no day ends while the test runs."""
    settings.TEST_HOOKS = True
    there = clock.now().astimezone(ZONE)
    noon = (there + DAY).replace(hour=12, minute=0, second=0, microsecond=0)
    clock.move((noon - there) / timedelta(seconds=1))
    yield
    clock.reset()


@pytest.fixture
def spoil(owner_sql: Callable[..., list[tuple[Any, ...]]]) -> Spoil:
    """A statement that nothing hinders; returns its first column."""
    owner_sql("set session_replication_role = replica")

    def run(statement: str, *values: Any) -> list[str]:
        return [str(row[0]) for row in owner_sql(statement, values)]

    return run


@pytest.fixture
def shop() -> dict[str, list[Any]]:
    """Orders delivered from stock, orders that wait, refunds under way, merchants, consigned goods."""
    done = [make_paid(stocked(3, cost_minor=COST), 1) for _ in range(9)]
    waiting = [make_paid(make_sku(kind="topup"), 1) for _ in range(5)]
    relay_all()
    for order in waiting[3:]:
        request_refund(order=order.public_id, now=clock.now(), acting="guest", reason="test")
    merchants = [used()[0] for _ in range(4)]
    suppliers = [make_supplier() for _ in range(3)]
    for supplier in suppliers:
        import_file(
            make_goods(), make_file(4), supplier_id=supplier.pk, paid_from="consign", cost_minor=70
        )
    relay_all()
    return {"done": done, "waiting": waiting, "merchants": merchants, "suppliers": suppliers}


def found() -> dict[str, list[str]]:
    """What each comparison of both runs says differs, by our number or our record."""
    day, now = day_of(clock.now()), clock.now()
    rows: dict[str, list[str]] = {}
    for name in ("goods", "ledger"):
        for party in RUNS.get(name).parties():
            row = reconcile(name=name, party=party.code, day=day, now=now)
            assert row.state in (Comparison.State.MATCHED, Comparison.State.DIFFERS), row.note
            cases = row.differences.filter(state="open").order_by("pk")
            rows[party.code] = sorted(each.number or each.subject for each in cases)
            assert len(rows[party.code]) == row.found
    return rows


def post(spoil: Spoil, account: str, subject: str, minor: int) -> None:
    """A journal that nobody's event stands behind."""
    spoil(
        "with it as (insert into core_journal (key, kind, at, note)"
        " values ('planted:' || gen_random_uuid(), 'planted', %s, '') returning id)"
        " insert into core_posting (journal_id, account_id, amount, currency, subject)"
        " select it.id, leg.account, leg.amount, 'CNY', %s from it"
        " cross join lateral (values (%s, %s), ('bank', %s)) as leg(account, amount)",
        clock.now(), subject, account, minor, -minor,
    )  # fmt: skip


def plant_goods(spoil: Spoil, shop: dict[str, list[Any]]) -> dict[str, list[str]]:
    """Every kind of break in goods, each in orders and batches of its own."""
    done: list[Order] = shop["done"]
    lines = [OrderLine.objects.get(order=order) for order in done]
    units = [Delivery.objects.get(reference=order.public_id) for order in done]
    issued = [str(Code.objects.get(issue__delivery=unit).pk) for unit in units]
    free = [str(pk) for pk in Code.objects.filter(state="available", batch__cost_minor=COST)
            .order_by("pk").values_list("pk", flat=True)]  # fmt: skip
    evidence = spoil(
        "update fulfillment_delivery set state = 'delivered', delivered_at = %s, cost_minor = 0"
        " where reference = any(%s) returning public_id",
        clock.now(), [order.public_id for order in shop["waiting"][:1]],
    )  # fmt: skip
    sold = spoil(
        "update fulfillment_code set state = 'sold', sold_at = %s, held_by = 'ord_NONE'"
        " where id = any(%s::uuid[]) returning id",
        clock.now(), free[:3],
    )  # fmt: skip
    back = spoil(
        "update fulfillment_code set state = 'quarantined', held_by = ''"
        " where id = any(%s::uuid[]) returning id",
        issued[:2],
    )
    failed = spoil(
        "update fulfillment_delivery set state = 'failed' where id = any(%s) returning public_id",
        [unit.pk for unit in units[2:4]],
    )
    assert len(failed) == 2
    batches = spoil(
        "update fulfillment_codebatch set accepted = accepted - 1, duplicate = duplicate + 1 where id ="
        " any(select batch_id from fulfillment_code where id = any(%s::uuid[])) returning public_id",
        issued[4:6],
    )
    gone = spoil(
        "delete from fulfillment_code where id = (select id from fulfillment_code"
        " where state = 'available' and batch_id = (select batch_id from fulfillment_code"
        " where id = %s::uuid) order by id limit 1) returning (select public_id from fulfillment_codebatch b"
        " where b.id = batch_id)",
        issued[6],
    )
    counted = spoil(
        "update orders_orderline set delivered = 0 where id = any(%s) returning public_id",
        [lines[7].pk, lines[8].pk],
    )
    return {
        "goods:evidence": evidence,
        "goods:codes": [*sold, *back, *issued[2:4]],
        "goods:batches": [*batches, *gone],
        # The failed units and the one that arrived from nowhere are counted by their lines too.
        "goods:orders": [
            *counted, lines[2].public_id, lines[3].public_id,
            OrderLine.objects.get(order=shop["waiting"][0]).public_id,
        ],
        "ledger:stock": ["CNY"],
    }  # fmt: skip


def plant_ledger(spoil: Spoil, shop: dict[str, list[Any]]) -> dict[str, list[str]]:
    """Every kind of break between the ledger and what it sums up."""
    forgotten = ["ord_FORGOT1", "ord_FORGOT2", "ord_FORGOT3"]
    for subject in forgotten:
        post(spoil, f"supplier_suspense:{shop['suppliers'][0].code}", subject, 900)
    merchants = [each.code for each in shop["merchants"][:3]]
    post(spoil, f"merchant_payable:{merchants[0]}", "", -77)
    spoil(
        "update fulfillment_redemption set share_minor = share_minor + 5 where id = any(%s)",
        [Redemption.objects.filter(merchant__code=code).earliest("pk").pk for code in merchants[1:]],
    )  # fmt: skip
    consigned = [each.code for each in shop["suppliers"][:2]]
    for code in consigned:
        post(spoil, f"consigned_goods:{code}", "", 70)
    obligation = [shop["done"][4].public_id, shop["waiting"][1].public_id]
    for order in obligation:
        post(spoil, "order_obligation", order, -1200)
    refunds = [shop["done"][5].public_id, shop["waiting"][3].public_id]
    for order in refunds:
        post(spoil, "refund_payable", order, -300)
    post(spoil, "psp_clearing:localpay", "", 55)
    return {
        "ledger:under_way": forgotten, "ledger:merchants": merchants,
        "ledger:consigned": consigned, "ledger:obligation": obligation,
        "ledger:refunds": refunds, "ledger:clearing": ["localpay"],
    }  # fmt: skip


def test_all_that_was_planted_is_found_and_nothing_else(
    shop: dict[str, list[Any]], spoil: Spoil
) -> None:
    clean = found()
    assert {party: names for party, names in clean.items() if names} == {}
    assert len(clean) == 11
    planted = plant_goods(spoil, shop) | plant_ledger(spoil, shop)
    expected = {party: sorted(names) for party, names in planted.items()}
    assert found() == expected
    assert set(expected) == set(clean), "a comparison without a planted break proves nothing"
    # Three codes sold past the books, one deleted; two sold ones lie in stock again.
    stock = Difference.objects.get(comparison__party="ledger:stock")
    assert stock.delta_minor == (-3 - 1 + 2) * COST
    kept = sorted(Difference.objects.values_list("public_id", "state"))
    assert found() == expected
    assert sorted(Difference.objects.values_list("public_id", "state")) == kept


def test_what_was_put_right_heals_by_itself(shop: dict[str, list[Any]], spoil: Spoil) -> None:
    planted = plant_ledger(spoil, shop)
    assert found()["ledger:merchants"] == sorted(planted["ledger:merchants"])
    spoil("delete from core_posting where journal_id in"
          " (select id from core_journal where kind = 'planted') returning 1")  # fmt: skip
    spoil("update fulfillment_redemption set share_minor = 900")
    assert not [names for names in found().values() if names]
    assert set(Difference.objects.values_list("state", "closing")) == {("closed", "healed")}
