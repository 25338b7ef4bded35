"""Write what a page of a supplier's list said: picture, history, offers, shelf, in one transaction.

Every write is fenced by the lease of the supplier's sync row: of two readers one writes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.leases import Lease
from core.tx import part, step
from fulfillment.models import SupplierGood, SupplierSync, SupplyChange
from fulfillment.services.suppliers.follow_good import follow_goods
from fulfillment.suppliers.base import Balance
from fulfillment.suppliers.lists import CatalogPage, Item

#: More than this share of a list vanishing at once is first believed when a second reading agrees.
BELIEVABLE_SHARE = 0.5
FEW = 5


class LostSync(RuntimeError):
    """Another worker reads this supplier now."""


@step()
def begin_reading(*, lease: Lease, now: datetime) -> None:
    """A new reading of the whole list starts at its first page."""
    row = _mine(lease)
    row.reading, row.cursor, row.began_at, row.rejected = row.reading + 1, "", now, 0
    row.save(update_fields=["reading", "cursor", "began_at", "rejected"])


@step()
def write_page(
    *, lease: Lease, page: CatalogPage, cursor: str, now: datetime, goes_on: bool = False
) -> int:
    """Keep a page; returns how many goods changed. `goes_on`: it belongs to the whole reading."""
    row = _mine(lease)
    right = [item for item in page.items if item.currency == row.supplier.currency]
    known = {
        good.supplier_sku: good
        for good in SupplierGood.objects.select_for_update(of=("self",))
        .filter(supplier_id=row.supplier_id, supplier_sku__in=[i.supplier_sku for i in right])
        .order_by("id")
    }
    changes = [
        change
        for item in right
        for change in _history(row, item, known.get(item.supplier_sku), now)
    ]
    _keep(row, right, cursor, now)
    SupplyChange.objects.bulk_create(changes)
    follow_goods(
        supplier_id=row.supplier_id, numbers=[item.supplier_sku for item in right], now=now
    )
    if goes_on:
        row.cursor, row.page_at = page.next_cursor, now
        row.rejected += len(page.rejected) + len(page.items) - len(right)
        row.save(update_fields=["cursor", "page_at", "rejected"])
    return len({change.supplier_sku for change in changes})


@step()
def end_reading(*, lease: Lease, now: datetime) -> int:
    """The list was read to its end: what was not on it is gone. Returns how many goods were.

    When more than half of a list is missing at once, that is not believed before a second whole
    reading says the same.
    """
    row = _mine(lease)
    here = SupplierGood.objects.filter(supplier_id=row.supplier_id, gone_at__isnull=True)
    missing = list(here.exclude(reading=row.reading).values_list("supplier_sku", flat=True))
    total = here.count()
    doubtful = len(missing) > FEW and len(missing) > total * BELIEVABLE_SHARE
    believed = not doubtful or row.missing > 0
    if believed and missing:
        here.filter(supplier_sku__in=missing).update(gone_at=now)
        SupplyChange.objects.bulk_create(
            SupplyChange(supplier_id=row.supplier_id, supplier_sku=number, what="gone", at=now)
            for number in missing
        )
        follow_goods(supplier_id=row.supplier_id, numbers=missing, now=now)
    row.missing = 0 if believed else len(missing)
    row.cursor, row.whole_at = "", now
    row.goods = total - (len(missing) if believed else 0)
    row.save(update_fields=["missing", "cursor", "whole_at", "goods"])
    return len(missing) if believed else 0


@step()
def note_balance(*, lease: Lease, balance: Balance, now: datetime) -> None:
    """What the supplier says it holds of our money; what it does not say is not nought."""
    row = _mine(lease)
    if not balance.problem and balance.currency == row.supplier.currency:
        row.balance_minor, row.balance_at = balance.minor, now
        row.save(update_fields=["balance_minor", "balance_at"])


@step()
def note_problem(*, lease: Lease, problem: str) -> None:
    """Why the last call told nothing, or that it did."""
    SupplierSync.objects.filter(pk=lease.pk, lease_token=lease.token).update(problem=problem[:80])


@part
def _mine(lease: Lease) -> SupplierSync:
    row = (
        SupplierSync.objects.select_for_update(of=("self",))
        .select_related("supplier")
        .filter(pk=lease.pk, lease_token=lease.token)
        .first()
    )
    if row is None:
        raise LostSync(str(lease.pk))
    return row


SAID = ["name", "kind", "cost_minor", "currency", "face_minor", "stock", "on_sale", "as_of", "reading",
        "cursor", "gone_at"]  # fmt: skip


def _keep(row: SupplierSync, items: Sequence[Item], cursor: str, now: datetime) -> None:
    SupplierGood.objects.bulk_create(
        [
            SupplierGood(
                supplier_id=row.supplier_id, supplier_sku=item.supplier_sku, name=item.name,
                kind=item.kind, cost_minor=item.cost_minor, currency=item.currency,
                face_minor=item.face_minor, stock=_count(item), on_sale=item.on_sale,
                as_of=item.as_of or now, reading=row.reading, cursor=cursor, gone_at=None,
            )
            for item in sorted(items, key=lambda item: item.supplier_sku)
        ],
        update_conflicts=True,
        unique_fields=["supplier", "supplier_sku"],
        update_fields=SAID,
    )  # fmt: skip


def _count(item: Item) -> int | None:
    return item.stock if isinstance(item.stock, int) else None


def _history(
    row: SupplierSync, item: Item, good: SupplierGood | None, now: datetime
) -> list[SupplyChange]:
    return [
        SupplyChange(
            supplier_id=row.supplier_id, supplier_sku=item.supplier_sku, what=what, before=before,
            after=after, at=now,
        )
        for what, before, after in _differences(good, item, _count(item))
    ]  # fmt: skip


def _differences(
    good: SupplierGood | None, item: Item, stock: int | None
) -> Sequence[tuple[str, Any, Any]]:
    """What is worth remembering: costs, the switch, and stock at its edges, not its every step."""
    if good is None:
        return [("new", None, item.cost_minor)]
    found: list[tuple[str, Any, Any]] = []
    if good.gone_at is not None:
        found.append(("back", None, None))
    if good.cost_minor != item.cost_minor:
        found.append(("cost", good.cost_minor, item.cost_minor))
    if good.on_sale != item.on_sale:
        found.append(("sale", good.on_sale, item.on_sale))
    if (good.stock == 0) != (stock == 0):
        found.append(("stock", good.stock, stock))
    return found
