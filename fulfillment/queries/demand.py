"""History and calendar as the forecasts read them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from django.db.models import Q

from fulfillment.models import DailyDemand, SalesOccasion
from fulfillment.purchasing.series import Occasion, Series

#: Two years and a little: the same holidays twice.
LONGEST_DAYS = 800


def histories(sku_ids: Sequence[int], *, until: date) -> dict[int, Series]:
    """Counted days of these SKUs up to ``until``, without a gap; days never counted sold nothing."""
    since = until - timedelta(days=LONGEST_DAYS - 1)
    rows: dict[int, dict[date, int | None]] = defaultdict(dict)
    found = DailyDemand.objects.filter(sku__in=sku_ids, day__gte=since, day__lte=until)
    for sku_id, day, units, sold_out in found.values_list("sku_id", "day", "units", "sold_out"):
        rows[sku_id][day] = None if sold_out else units
    return {sku_id: _series(sku_id, days, until) for sku_id, days in rows.items()}


def occasions(sku_id: int | None = None) -> list[Occasion]:
    """The shop's calendar, with the promotions of one SKU if it is named."""
    mine = Q(sku__isnull=True) | Q(sku_id=sku_id) if sku_id else Q(sku__isnull=True)
    rows = SalesOccasion.objects.filter(mine).order_by("starts_on", "key")
    return [
        Occasion(key, first, last)
        for key, first, last in rows.values_list("key", "starts_on", "ends_on")
    ]


def _series(sku_id: int, days: dict[date, int | None], until: date) -> Series:
    first = min(days)
    length = (until - first).days + 1
    units = tuple(days.get(first + timedelta(days=place), 0) for place in range(length))
    return Series(str(sku_id), first, units)
