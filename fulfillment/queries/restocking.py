"""Everything that decides what to buy, read at once; the deciding is pure (purchasing/restock.py)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from catalog.models import Sku
from catalog.states import DeliveryKind
from fulfillment.models import CodeBatch, DailyDemand, Forecast, PurchaseLine, PurchaseSource
from fulfillment.models.code import NEVER
from fulfillment.purchasing.outlook import Outlook
from fulfillment.purchasing.restock import Proposal, Shelf, Source, propose
from fulfillment.states import PurchaseState, SupplierState

#: SKUs looked at for one page.
MOST_SKUS = 2000

LOTS = """
select sku_id, expires_on, count(*) from fulfillment_code
where state = 'available' and expires_on >= %(today)s and sku_id = any(%(skus)s)
group by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Restock:
    """One SKU of the pool with its forecast, its stock and what to do."""

    sku: Sku
    outlook: Outlook
    forecast: Forecast
    shelf: Shelf
    proposal: Proposal


def restocks(*, now: datetime, sku_ids: Sequence[int] | None = None) -> list[Restock]:
    """Proposals for the SKUs of the pool that have a forecast; what is most urgent comes first."""
    skus = _skus(sku_ids)
    outlooks = newest_outlooks(list(skus))
    shelves, sources = _shelves(list(outlooks), now), _sources(list(outlooks))
    found = [
        Restock(skus[pk], outlook, row, shelves[pk], propose(outlook, shelves[pk], sources[pk]))
        for pk, (row, outlook) in outlooks.items()
    ]
    return sorted(
        found,
        key=lambda each: (not each.proposal.units, each.proposal.buy_by or date.max, each.sku.code),
    )


def newest_outlooks(sku_ids: Sequence[int]) -> dict[int, tuple[Forecast, Outlook]]:
    """The newest forecast of each of these SKUs."""
    rows = Forecast.objects.filter(sku__in=sku_ids).order_by("sku_id", "-as_of").distinct("sku_id")
    return {row.sku_id: (row, outlook_of(row)) for row in rows}


def outlook_of(row: Forecast) -> Outlook:
    """The kept forecast as a value."""
    return Outlook(
        str(row.sku_id), row.as_of + timedelta(days=1), row.used, tuple(row.mean),
        tuple(row.low), tuple(row.high),
        {int(level): tuple(totals) for level, totals in row.totals.items()},
    )  # fmt: skip


def recent_demand(sku_id: int, *, days: int, until: date) -> list[DailyDemand]:
    """The last counted days of a SKU, oldest first."""
    rows = DailyDemand.objects.filter(sku_id=sku_id, day__lte=until).order_by("-day")[:days]
    return list(rows)[::-1]


def received(line_ids: Sequence[int]) -> dict[int, int]:
    """Codes that came for each of these lines of purchases."""
    rows = (
        CodeBatch.objects.filter(purchase_line__in=line_ids, dry_run=False)
        .values("purchase_line")
        .annotate(n=Sum("accepted"))
    )
    return {row["purchase_line"]: row["n"] for row in rows}


def without_forecast() -> int:
    """SKUs of the pool on offer that no forecast knows yet: too new, or nothing was sold."""
    return _pool(None).exclude(pk__in=Forecast.objects.values("sku")).count()


def _pool(sku_ids: Sequence[int] | None) -> QuerySet[Sku]:
    where = Q(product__product_type__delivery_kind=DeliveryKind.POOL, is_active=True)
    if sku_ids is not None:
        where &= Q(pk__in=sku_ids)
    return Sku.objects.filter(where).select_related("product").order_by("code")


def _skus(sku_ids: Sequence[int] | None) -> dict[int, Sku]:
    return {sku.pk: sku for sku in _pool(sku_ids)[:MOST_SKUS]}


def _shelves(sku_ids: Sequence[int], now: datetime) -> dict[int, Shelf]:
    lots: dict[int, list[tuple[date | None, int]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(LOTS, {"today": timezone.localdate(now), "skus": list(sku_ids)})
        for sku_id, day, units in cursor.fetchall():
            lots[sku_id].append((None if day == NEVER else day, units))
    under_way = _on_order(sku_ids)
    return {pk: Shelf(tuple(lots[pk]), under_way.get(pk, 0)) for pk in sku_ids}


def _on_order(sku_ids: Sequence[int]) -> dict[int, int]:
    """Units of ordered purchases that have not come yet."""
    lines = list(
        PurchaseLine.objects.filter(
            sku__in=sku_ids, purchase__state=PurchaseState.ORDERED
        ).values_list("pk", "sku_id", "units")
    )
    came = received([pk for pk, _, _ in lines])
    open_units: dict[int, int] = defaultdict(int)
    for pk, sku_id, units in lines:
        open_units[sku_id] += max(0, units - came.get(pk, 0))
    return open_units


def _sources(sku_ids: Sequence[int]) -> dict[int, list[Source]]:
    rows = (
        PurchaseSource.objects.filter(
            sku__in=sku_ids, active=True, supplier__state=SupplierState.ON
        )
        .filter(supplier__currency=F("sku__currency"))
        .select_related("supplier")
    )
    found: dict[int, list[Source]] = defaultdict(list)
    for row in rows:
        found[row.sku_id].append(
            Source(
                row.pk, row.supplier.name, row.cost_minor, row.supplier.currency, row.lead_days,
                row.review_days, row.service_level, row.min_units, row.pack_units, row.shelf_days,
            )
        )  # fmt: skip
    return found
