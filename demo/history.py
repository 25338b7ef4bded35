"""A year of made-up sales of some codes, and where to buy more: so that the shop has something to plan."""

import math
from datetime import date, datetime, timedelta
from random import Random

from catalog.models import Sku
from core.tx import step
from fulfillment.models import DailyDemand, PurchaseSource, SalesOccasion, Supplier
from fulfillment.services.purchasing.count_demand import last_settled

DAYS = 400
# SKU → units a day, growth in a year, how strongly holidays and sales are felt.
SOLD: dict[str, tuple[float, float, float]] = {
    "JD-E-100": (34, 1.3, 0.9),
    "JD-E-50": (22, 1.1, 0.6),
    "JD-E-500": (6, 1.6, 1.2),
    "STEAM-100": (15, 1.4, 1.0),
    "TM-CARD-100": (9, 0.8, 0.5),
    "HEMA-CARD-100": (12, 1.2, 0.7),
    "SQ-CARD-30": (18, 0.7, 0.2),
    "NSW-100": (2, 1.5, 1.4),
    "WM-CARD-100": (0.4, 1.0, 0.0),
}
WEEK = (0.92, 0.9, 0.92, 0.98, 1.1, 1.15, 1.03)
# Wholesalers: how long they take, their price in percent of the catalogue's cost, packs.
SOURCES = (
    ("kaquan", "卡券批发", 2, 100, 50),
    ("shanka", "闪卡直供", 0, 102, 10),
)


@step()
def remember(*, now: datetime) -> str:
    """Fill in what is missing; says in a few words what it did."""
    skus = {sku.code: sku for sku in Sku.objects.filter(code__in=SOLD)}
    fresh = [
        code
        for code, sku in sorted(skus.items())
        if not DailyDemand.objects.filter(sku=sku).exists()
    ]
    last = last_settled(now)
    for code in fresh:
        _sell(skus[code], last, now)
        _offer(skus[code])
    return f"{len(fresh)} goods with a year behind them"


def _sell(sku: Sku, last: date, now: datetime) -> None:
    rng = Random(sku.code)
    level, growth, feels = SOLD[sku.code]
    felt = list(SalesOccasion.objects.filter(sku__isnull=True).values_list("starts_on", "ends_on"))
    rows = []
    for back in range(DAYS, -1, -1):
        day = last - timedelta(days=back)
        near = any(first - timedelta(days=2) <= day <= end for first, end in felt)
        mean = level * WEEK[day.weekday()] * growth ** (1 - back / DAYS)
        mean *= (1 + feels if near else 1) * math.exp(rng.gauss(0, 0.15))
        rows.append(
            DailyDemand(sku=sku, day=day, units=_drawn(rng, mean), told=True, counted_at=now)
        )
    DailyDemand.objects.bulk_create(rows)


def _drawn(rng: Random, mean: float) -> int:
    """A whole number about a mean, as chance deals it (Knuth); a large one by its spread."""
    if mean > 30:  # noqa: PLR2004  where the bell is as good and quicker
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, units = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        units += 1
    return units


def _offer(sku: Sku) -> None:
    for code, name, lead, percent, pack in SOURCES:
        supplier, _ = Supplier.objects.get_or_create(code=code, defaults={"name": name})
        PurchaseSource.objects.get_or_create(
            sku=sku,
            supplier=supplier,
            defaults={
                "cost_minor": (sku.cost_minor or 0) * percent // 100, "lead_days": lead,
                "pack_units": pack, "min_units": pack * 2,
            },
        )  # fmt: skip
