"""Lists of suppliers for tests: pages as a dialect would read them, written as a worker would."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q

from catalog.models import Price, Sku
from catalog.services.set_price import set_price
from core import clock, leases
from core.leases import Lease
from core.tx import step
from fulfillment.models import Supplier, SupplierSync
from fulfillment.services.suppliers.sync_supplier import enrol, sync_suppliers
from fulfillment.services.suppliers.write_goods import begin_reading, end_reading, write_page
from fulfillment.suppliers.lists import CatalogPage, Item
from tests.factories import catalog


def item(number: str, cost_minor: int = 1650, **fields: Any) -> Item:
    return Item(number, f"Good {number}", "direct", cost_minor, **fields)


def hold(supplier: Supplier) -> Lease:
    """The right to read this supplier's list now."""
    enrol(now=clock.now())
    SupplierSync.objects.filter(supplier=supplier).update(not_before=None, lease_until=None)
    (lease,) = leases.claim(
        SupplierSync, where=Q(supplier=supplier), limit=1, seconds=60, now=clock.now()
    )
    return lease


def read_whole(supplier: Supplier, items: Sequence[Item], *, pages: int = 1) -> int:
    """The whole list, in so many pages; returns how many goods were found gone."""
    lease, now = hold(supplier), clock.now()
    begin_reading(lease=lease, now=now)
    size = -(-len(items) // pages) or 1
    for place in range(pages):
        last = place == pages - 1
        page = CatalogPage(
            items=tuple(items[place * size : (place + 1) * size]),
            next_cursor="" if last else f"c{place + 1}",
        )
        cursor = "" if not place else f"c{place}"
        write_page(lease=lease, page=page, cursor=cursor, now=now, goes_on=True)
    gone = end_reading(lease=lease, now=now)
    leases.release(SupplierSync, lease)
    return gone


def sync_now(supplier: Supplier) -> SupplierSync:
    """A worker's slice, due at once and whole."""
    enrol(now=clock.now())
    past = clock.now() - timedelta(seconds=settings.SYNC_WHOLE_SECONDS + 1)
    rows = SupplierSync.objects.filter(supplier=supplier)
    rows.update(not_before=None, lease_until=None)
    rows.filter(whole_at__isnull=False).update(whole_at=past)
    assert sync_suppliers(now=clock.now(), supplier_code=supplier.code)
    return rows.get()


def set_sale_price(sku: Sku, amount_minor: int, *, by_hand: bool = False) -> None:
    """What the main shop asks for it."""
    base = catalog.base()
    with step():
        set_price(
            sku_id=sku.pk, price_list_id=base.price_list_id, amount_minor=amount_minor,
            now=clock.now(), acting="user:usr_TEST", by_hand=by_hand,
        )  # fmt: skip


def price_of(sku: Sku) -> int:
    return Price.objects.get(sku=sku, min_quantity=1).amount_minor
