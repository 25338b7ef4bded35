"""Forecast every SKU anew once its last day is counted. A slice at a time; rows say what is due."""

import time
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef

from core.tx import step
from fulfillment.models import DailyDemand, Forecast
from fulfillment.purchasing.judge import Judgement, choose
from fulfillment.purchasing.outlook import Outlook, look_ahead
from fulfillment.purchasing.series import Occasion, Series
from fulfillment.queries.demand import histories, occasions
from fulfillment.services.purchasing.count_demand import last_settled

#: Which model suits a SKU is asked again after a week; in between it only sees the new days.
JUDGED_FOR = timedelta(days=7)
#: Forecasts of earlier days are kept so long, to see how well they did.
KEPT = timedelta(days=60)
#: Goods without a sale for so long are not forecast any more.
ASLEEP = timedelta(days=180)
SLICE_SKUS = 20
SLICE_SECONDS = 5.0


def due_skus(*, now: datetime, limit: int = SLICE_SKUS) -> list[int]:
    """SKUs with a counted day newer than their forecast, and any sale in the last half year."""
    last = last_settled(now)
    made = Forecast.objects.filter(sku_id=OuterRef("sku_id"), as_of=last)
    sold = DailyDemand.objects.filter(
        sku_id=OuterRef("sku_id"), units__gt=0, day__gt=last - ASLEEP, day__lte=last
    )
    rows = DailyDemand.objects.filter(Exists(sold), ~Exists(made), day=last)
    return list(rows.order_by("sku_id").values_list("sku_id", flat=True)[:limit])


def refresh_forecasts(*, now: datetime, seconds: float = SLICE_SECONDS) -> bool:
    """Forecast a slice of what is due, for about ``seconds``; True while more is left."""
    began = time.monotonic()
    last = last_settled(now)
    due = due_skus(now=now)
    past = histories(due, until=last)
    for place, sku_id in enumerate(due):
        if time.monotonic() - began > seconds:
            return place < len(due)
        _forecast(sku_id, past[sku_id], occasions(sku_id), now)
    _forget(before=last - KEPT)
    return len(due) == SLICE_SKUS


def _forecast(sku_id: int, series: Series, calendar: list[Occasion], now: datetime) -> None:
    as_of = series.day(len(series) - 1)
    former = Forecast.objects.filter(sku_id=sku_id).order_by("-as_of").first()
    if former is not None and as_of - former.judged_on < JUDGED_FOR:
        judgement = Judgement(
            former.rival, former.used, former.stretch,
            mase_model=former.mase_model, mase_naive=former.mase_naive,
        )  # fmt: skip
        judged_on = former.judged_on
    else:
        judgement, judged_on = choose(series, calendar), as_of
    _keep(sku_id, as_of, look_ahead(series, calendar, judgement), judgement, judged_on, now)


@step()
def _keep(
    sku_id: int, as_of: date, outlook: Outlook, judgement: Judgement, judged_on: date, now: datetime
) -> None:
    Forecast.objects.update_or_create(
        sku_id=sku_id,
        as_of=as_of,
        defaults={
            "made_at": now, "used": outlook.used, "rival": judgement.model,
            "stretch": judgement.stretch, "mase_model": judgement.mase_model,
            "mase_naive": judgement.mase_naive, "judged_on": judged_on,
            "mean": list(outlook.mean), "low": list(outlook.low), "high": list(outlook.high),
            "totals": {str(level): list(row) for level, row in outlook.totals.items()},
        },
    )  # fmt: skip


@step()
def _forget(*, before: date) -> None:
    Forecast.objects.filter(as_of__lt=before).delete()
