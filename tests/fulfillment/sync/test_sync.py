"""A supplier's list is read, believed with care, and our offers, costs, prices and shelf follow it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from catalog.models import Product, Sku
from catalog.states import Availability, DeliveryKind
from core import clock, faults, leases
from core.invariants import check_all
from core.leases import Lease
from core.models import AuditEntry
from core.tx import step
from fulfillment.invariants import SYNC
from fulfillment.models import (
    CostRule,
    Supplier,
    SupplierGood,
    SupplierOffer,
    SupplierSync,
    SupplyChange,
)
from fulfillment.queries.heat import hot_pages, pause_seconds
from fulfillment.services.suppliers.follow_good import follow_goods, mend_shelf
from fulfillment.services.suppliers.save_offer import Terms, save_offer
from fulfillment.services.suppliers.save_supplier import switch_supplier
from fulfillment.services.suppliers.sync_supplier import sync_suppliers
from fulfillment.services.suppliers.write_goods import LostSync, begin_reading, write_page
from fulfillment.suppliers.lists import CatalogPage, Stock
from fulfillment.suppliers.registry import adapter_for
from simulators.process import Simulator
from simulators.supplier_c.script import Supplier as Script
from tests.factories import catalog
from tests.factories.fulfillment import make_goods, make_offer, make_supplier
from tests.factories.supply import advance, connect, drive, make_topup, open_unit
from tests.factories.syncing import hold, item, price_of, read_whole, set_sale_price, sync_now

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    settings.SUPPLY_TIME_SCALE = 0.02
    catalog.base()


@pytest.fixture
def supplier(committed: None) -> Supplier:
    return make_supplier(dialect="rest_hmac")


def make_offered(supplier: Supplier, number: str = "X1", *, price: int = 1990) -> SupplierOffer:
    """A top-up at 19.90 that costs 16.50, at most 17.50, at this supplier."""
    sku = make_goods(DeliveryKind.TOPUP, cost_minor=1650)
    set_sale_price(sku, price)
    return make_offer(sku, supplier, supplier_sku=number, cost_minor=1650, max_cost_minor=1750)


def shown(sku: Sku) -> tuple[str, int | None]:
    sku.refresh_from_db()
    return sku.availability, sku.cost_minor


def paused(offer: SupplierOffer) -> str:
    offer.refresh_from_db()
    return offer.paused_why


def told(offer: SupplierOffer) -> list[str]:
    rows = SupplyChange.objects.filter(supplier_sku=offer.supplier_sku).order_by("id")
    return list(rows.values_list("what", flat=True))


def test_a_real_list_is_read_and_followed(supplier_c: Simulator, script: Script) -> None:
    supplier = connect(supplier_c.url)
    sku = make_topup(supplier, supplier_sku="TOPUP-1", max_cost_minor=1700)
    set_sale_price(sku, 1990)
    row = sync_now(supplier)
    assert (row.problem, row.goods, row.cursor) == ("", 3, "")
    assert row.balance_minor is not None
    good = SupplierGood.objects.get(supplier_sku="TOPUP-1")
    assert (good.cost_minor, good.stock, good.on_sale) == (1650, None, True)
    script.product("TOPUP-1", cost_minor=1690)
    sync_now(supplier)
    offer = SupplierOffer.objects.get(sku=sku)
    assert (offer.cost_minor, offer.max_cost_minor) == (1690, 1700)
    assert shown(sku) == (Availability.IN, 1690)
    script.product("TOPUP-1", cost_minor=2500)
    sync_now(supplier)
    assert paused(offer) == "cost"
    assert shown(sku) == (Availability.OUT, 1690)
    unit = open_unit(sku)
    advance(unit)
    assert unit.attempts.count() == 0, "nothing is bought at a loss"
    script.product("TOPUP-1", cost_minor=1650)
    sync_now(supplier)
    assert paused(offer) == ""
    assert shown(sku) == (Availability.IN, 1650)
    assert told(offer) == ["new", "cost", "taken", "cost", "taken", "paused", "cost", "taken",
                           "resumed"]  # fmt: skip


def test_a_unit_that_waited_for_the_offer_goes_on(supplier_c: Simulator, script: Script) -> None:
    supplier = connect(supplier_c.url)
    sku = make_topup(supplier, supplier_sku="TOPUP-2", max_cost_minor=1700)
    set_sale_price(sku, 1990)
    script.product("TOPUP-2", state="off")
    sync_now(supplier)
    script.product("TOPUP-2", state="on")
    sync_now(supplier)
    assert drive(open_unit(sku)).state == "delivered"


def test_the_price_is_raised_by_rule_up_to_its_ceiling(supplier: Supplier) -> None:
    offer = make_offered(supplier)
    CostRule.objects.create(sku=offer.sku, act="reprice", margin_bp=1000, most_price_minor=2200)
    read_whole(supplier, [item("X1", 1900)])
    assert (paused(offer), price_of(offer.sku)) == ("", 2112)
    assert "price" in told(offer)
    audit = AuditEntry.objects.filter(tag="price:set", subject=f"sku:{offer.sku.public_id}")
    assert audit.order_by("-id")[0].by == "system:sync"
    read_whole(supplier, [item("X1", 1990)])
    assert (paused(offer), price_of(offer.sku)) == ("ask", 2112), "the ceiling holds"
    assert told(offer)[-1] == "asked"


def test_a_price_set_by_hand_is_not_raised(supplier: Supplier) -> None:
    offer = make_offered(supplier)
    set_sale_price(offer.sku, 1990, by_hand=True)
    CostRule.objects.create(sku=offer.sku, act="reprice", margin_bp=1000, most_price_minor=9900)
    read_whole(supplier, [item("X1", 1900)])
    assert (paused(offer), price_of(offer.sku)) == ("ask", 1990)


def test_a_cost_set_by_hand_is_left_alone(supplier: Supplier) -> None:
    offer = make_offered(supplier)
    SupplierOffer.objects.filter(pk=offer.pk).update(cost_locked=True)
    read_whole(supplier, [item("X1", 1500)])
    offer.refresh_from_db()
    assert (offer.cost_minor, offer.paused_why) == (1650, "")
    read_whole(supplier, [item("X1", 1800)])
    assert paused(offer) == "cost"


def test_no_stock_anywhere_is_sold_out(supplier: Supplier) -> None:
    offer, other = make_offered(supplier), make_supplier(dialect="rest_hmac")
    second = make_offer(offer.sku, other, supplier_sku="Y1", cost_minor=1700, max_cost_minor=1750)
    read_whole(supplier, [item("X1", stock=0)])
    assert (paused(offer), shown(offer.sku)) == ("no_stock", (Availability.IN, 1700))
    read_whole(other, [item("Y1", 1700, stock=0)])
    assert (paused(second), shown(offer.sku)[0]) == ("no_stock", Availability.OUT)
    read_whole(supplier, [item("X1", stock=3)])
    assert (paused(offer), shown(offer.sku)) == ("", (Availability.LOW, 1650))
    read_whole(supplier, [item("X1", stock=Stock.UNKNOWN)])
    assert shown(offer.sku)[0] == Availability.IN


def test_what_left_the_list_is_gone_and_comes_back(supplier: Supplier) -> None:
    offer = make_offered(supplier)
    others = [item(f"O{n}") for n in range(10)]
    read_whole(supplier, [item("X1"), *others], pages=3)
    assert read_whole(supplier, others, pages=2) == 1
    assert (paused(offer), shown(offer.sku)[0]) == ("gone", Availability.OUT)
    read_whole(supplier, [item("X1"), *others])
    assert (paused(offer), shown(offer.sku)[0]) == ("", Availability.IN)
    assert told(offer) == ["new", "gone", "paused", "back", "resumed"]


def test_half_a_list_gone_at_once_is_first_believed_when_it_is_seen_twice(
    supplier: Supplier,
) -> None:
    offer = make_offered(supplier)
    read_whole(supplier, [item("X1"), *(item(f"O{n}") for n in range(20))])
    assert read_whole(supplier, [item("O1")]) == 0
    assert paused(offer) == ""
    assert read_whole(supplier, [item("O1")]) == 20
    assert paused(offer) == "gone"


def test_a_page_that_tells_nothing_changes_nothing(
    supplier_c: Simulator, script: Script, settings: Any
) -> None:
    supplier = connect(supplier_c.url)
    offer = SupplierOffer.objects.get(sku=make_topup(supplier, max_cost_minor=1700))
    sync_now(supplier)
    Supplier.objects.filter(pk=supplier.pk).update(base_url="http://127.0.0.1:9")
    row = sync_now(supplier)
    assert row.problem
    assert row.not_before is not None
    assert row.not_before > clock.now() + timedelta(seconds=30)
    assert paused(offer) == ""
    assert not SupplierGood.objects.filter(gone_at__isnull=False).exists()


def test_an_adapter_that_breaks_proves_nothing(
    supplier: Supplier, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = adapter_for("rest_hmac")
    real = connect("http://127.0.0.1:9", code="z")

    def broken(*_: object, **__: object) -> CatalogPage:
        raise ZeroDivisionError

    monkeypatch.setattr(type(adapter), "catalog", broken)
    assert sync_now(real).problem == "adapter: ZeroDivisionError"


def test_another_currency_is_not_a_price(supplier: Supplier) -> None:
    offer = make_offered(supplier)
    read_whole(supplier, [item("X1", 100, currency="USD")])
    assert not SupplierGood.objects.exists()
    assert SupplierSync.objects.get().rejected == 1
    assert paused(offer) == ""


def test_a_reading_goes_on_where_it_stopped(supplier: Supplier) -> None:
    lease, now = hold(supplier), clock.now()
    begin_reading(lease=lease, now=now)
    page = CatalogPage(items=(item("A1"),), next_cursor="c1")
    write_page(lease=lease, page=page, cursor="", now=now, goes_on=True)
    row = SupplierSync.objects.get()
    assert (row.cursor, row.whole_at) == ("c1", None)


def test_who_lost_the_lease_writes_nothing(supplier: Supplier) -> None:
    offer = make_offered(supplier)
    first = hold(supplier)
    hold(supplier)
    with pytest.raises(LostSync):
        write_page(
            lease=first, page=CatalogPage(items=(item("X1", 99),)), cursor="", now=clock.now()
        )
    assert not SupplierGood.objects.exists()
    offer.refresh_from_db()
    assert offer.cost_minor == 1650


def test_what_sells_is_read_more_often(supplier: Supplier, settings: Any) -> None:
    cold, warm = make_offered(supplier, "X1"), make_offered(supplier, "X2")
    read_whole(supplier, [item("X1"), item("X2")], pages=2)
    now = clock.now()
    assert hot_pages(supplier.pk, now=now, limit=9) == []
    assert pause_seconds(supplier.pk, now=now) == settings.SYNC_WHOLE_SECONDS
    Product.objects.filter(pk=warm.sku.product_id).update(popularity=80)
    assert hot_pages(supplier.pk, now=now, limit=9) == ["c1"]
    assert pause_seconds(supplier.pk, now=now) == settings.SYNC_HOT_SECONDS
    SupplierOffer.objects.filter(pk=cold.pk).update(paused_why="no_stock")
    assert set(hot_pages(supplier.pk, now=now, limit=9)) == {"", "c1"}, "what pauses is watched"


def test_hot_pages_are_read_between_whole_readings(supplier_c: Simulator, script: Script) -> None:
    supplier = connect(supplier_c.url)
    sku = make_topup(supplier, supplier_sku="TOPUP-1", max_cost_minor=1700)
    set_sale_price(sku, 1990)
    Product.objects.filter(pk=sku.product_id).update(popularity=80)
    whole_at = sync_now(supplier).whole_at
    script.product("TOPUP-1", cost_minor=1680)
    SupplierSync.objects.update(not_before=None)
    assert sync_suppliers(now=clock.now())
    row = SupplierSync.objects.get()
    assert row.whole_at == whole_at, "no whole reading was due"
    assert SupplierOffer.objects.get(sku=sku).cost_minor == 1680
    script.product("TOPUP-1", cost_minor=1650)


def test_a_supplier_switched_off_leaves_the_shelf(supplier: Supplier) -> None:
    offer = make_offered(supplier)
    read_whole(supplier, [item("X1")])
    now, about = clock.now(), {"code": supplier.code, "by": "user:usr_TEST", "note": ""}
    switch_supplier(on=False, now=now, **about)
    assert mend_shelf(now=now) == 1
    assert shown(offer.sku)[0] == Availability.OUT
    assert not sync_suppliers(now=now)
    switch_supplier(on=True, now=now, **about)
    assert mend_shelf(now=now) == 1
    assert mend_shelf(now=now) == 0
    assert shown(offer.sku)[0] == Availability.IN


def test_goods_no_list_knows_are_left_as_they_are(supplier: Supplier) -> None:
    offer = make_offered(supplier)
    SupplierOffer.objects.filter(pk=offer.pk).update(active=False)
    with step():
        follow_goods(supplier_id=supplier.pk, numbers=["X1"], now=clock.now())
    assert mend_shelf(now=clock.now()) == 0
    assert shown(offer.sku) == (Availability.IN, 1650)


def test_history_cannot_be_rewritten(supplier: Supplier, owner_sql: Callable[..., Any]) -> None:
    read_whole(supplier, [item("X1")])
    with pytest.raises(Exception, match="Cannot update"):
        owner_sql("update fulfillment_supplychange set what = 'x'")


def test_a_free_row_is_taken_once(supplier: Supplier) -> None:
    lease = hold(supplier)
    assert not sync_suppliers(now=clock.now())
    leases.release(SupplierSync, lease)


def test_an_offer_made_or_changed_by_a_person_follows_at_once(supplier: Supplier) -> None:
    offer = make_offered(supplier)
    read_whole(supplier, [item("X1", 1900), item("X2", stock=0)])
    assert paused(offer) == "cost"
    terms = Terms(
        sku_id=offer.sku_id, supplier_id=supplier.pk, supplier_sku="X1", cost_minor=1650,
        max_cost_minor=1950, position=1, active=True,
    )  # fmt: skip
    with step():
        save_offer(terms=terms, by="user:usr_TEST", now=clock.now(), offer_id=offer.pk)
        made = save_offer(
            terms=replace(terms, supplier_sku="X2"), by="user:usr_TEST", now=clock.now()
        )
    offer.refresh_from_db()
    assert (offer.cost_minor, offer.paused_why) == (1900, "")
    assert made.paused_why == "no_stock"


HURTS = {
    "INV-SYN1": "update fulfillment_suppliergood set stock = 0",
    "INV-SYN2": "delete from fulfillment_supplychange",
}


def test_every_invariant_has_its_hurt() -> None:
    assert HURTS.keys() == SYNC.keys()


@pytest.mark.parametrize("invariant", sorted(HURTS))
def test_each_is_seen_when_broken(
    invariant: str, supplier: Supplier, owner_sql: Callable[..., Any]
) -> None:
    make_offered(supplier)
    read_whole(supplier, [item("X1", 1700)])
    assert check_all(now=clock.now(), only="INV-SYN") == []
    owner_sql("set session_replication_role = replica")
    owner_sql(HURTS[invariant])
    assert [v.invariant.id for v in check_all(now=clock.now(), only="INV-SYN")] == [invariant]


def read_behind_an_offer(supplier: Supplier, lease: Lease, page: CatalogPage) -> None:
    """An offer is made; while it is not committed, a page of the list is written beside it."""
    read = threading.Event()

    def write() -> None:
        try:
            write_page(lease=lease, page=page, cursor="", now=clock.now())
        finally:
            read.set()
            connections.close_all()

    sku = make_goods(DeliveryKind.TOPUP, cost_minor=1650)
    terms = Terms(
        sku_id=sku.pk, supplier_id=supplier.pk, supplier_sku="X1", cost_minor=1650,
        max_cost_minor=1750, position=1, active=True,
    )  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        with step():
            save_offer(terms=terms, by="user:usr_TEST", now=clock.now())
            reading = pool.submit(write)
            until = time.monotonic() + 60
            while not (read.is_set() or somebody_waits()) and time.monotonic() < until:
                time.sleep(0.01)
        reading.result()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        # Within a transaction it is a picture of one moment, unless that is forgotten.
        cursor.execute("select pg_stat_clear_snapshot()")
        cursor.execute(
            "select exists (select 1 from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock')"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("guarded", [True, False])
def test_an_offer_and_a_page_at_once_see_each_other(supplier: Supplier, guarded: bool) -> None:
    read_whole(supplier, [item("X1", 1700)])
    page = CatalogPage(items=(item("X1", 1900),))
    with nullcontext() if guarded else faults.without("sync.keep_list"):
        read_behind_an_offer(supplier, hold(supplier), page)
    broken = [v.invariant.id for v in check_all(now=clock.now(), only="INV-SYN")]
    assert broken == ([] if guarded else ["INV-SYN1"])
