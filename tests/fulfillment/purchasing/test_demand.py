"""Demand by day is counted from what was sold, where the shop is, as often as one likes."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from catalog.models import Sku
from core import clock
from fulfillment.models import Code, CodeBatch, DailyDemand, Forecast, SalesOccasion
from fulfillment.queries.demand import histories, occasions
from fulfillment.services.purchasing.count_demand import count_demand, last_settled
from fulfillment.services.purchasing.refresh_forecasts import due_skus, refresh_forecasts
from tests.factories.fulfillment import make_goods, make_stock
from tests.factories.purchasing import make_history, make_sales

pytestmark = pytest.mark.usefixtures("committed")
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 20, 12, tzinfo=SHANGHAI)


def counted(sku: Sku) -> dict[date, tuple[int, bool]]:
    rows = DailyDemand.objects.filter(sku=sku).values_list("day", "units", "sold_out")
    return {day: (units, out) for day, units, out in rows}


def stock_at(sku: Sku, came: datetime, sold: list[datetime]) -> None:
    """Let the SKU's codes have come then, and some of them have been sold then."""
    CodeBatch.objects.filter(sku=sku).update(created_at=came)
    for code, at in zip(Code.objects.filter(sku=sku), sold, strict=False):
        Code.objects.filter(pk=code.pk).update(state="held", held_by="x", held_until=at)
        Code.objects.filter(pk=code.pk).update(state="sold", held_until=None, sold_at=at)


def test_a_day_begins_at_midnight_in_shanghai() -> None:
    sku = make_goods("topup")
    make_sales(sku, datetime(2026, 11, 17, 15, 59, tzinfo=ZoneInfo("UTC")), 2)
    make_sales(sku, datetime(2026, 11, 17, 16, 0, tzinfo=ZoneInfo("UTC")), 3, state="pending")
    count_demand(now=NOON)
    assert counted(sku) == {
        date(2026, 11, 17): (2, False),
        date(2026, 11, 18): (3, False),
        date(2026, 11, 19): (0, False),
    }


def test_only_days_that_are_over_and_settled_are_counted() -> None:
    assert last_settled(datetime(2026, 11, 20, 0, 9, tzinfo=SHANGHAI)) == date(2026, 11, 18)
    assert last_settled(datetime(2026, 11, 20, 0, 11, tzinfo=SHANGHAI)) == date(2026, 11, 19)
    sku = make_goods("topup")
    make_sales(sku, NOON, 4)
    count_demand(now=NOON)
    assert counted(sku) == {}


def test_counting_again_changes_nothing_and_a_gap_is_filled() -> None:
    sku = make_goods("topup")
    make_sales(sku, NOON - timedelta(days=40), 2)
    make_sales(sku, NOON - timedelta(days=3), 5)
    assert count_demand(now=NOON) == 40
    before = list(DailyDemand.objects.values())
    assert count_demand(now=NOON) == 0
    assert count_demand(now=NOON, since=date(2026, 10, 1)) == 0
    assert list(DailyDemand.objects.values()) == before
    make_sales(sku, NOON + timedelta(hours=1), 7)
    assert count_demand(now=NOON + timedelta(days=3)) == 3
    assert counted(sku)[date(2026, 11, 20)] == (7, False)


def test_an_empty_pool_says_nothing_of_what_was_wanted() -> None:
    sku = make_stock(3)
    day = datetime(2026, 11, 16, 8, tzinfo=SHANGHAI)
    stock_at(sku, day, [day + timedelta(hours=h) for h in (1, 25, 26)])
    make_sales(sku, day + timedelta(hours=1), 1)
    make_sales(sku, day + timedelta(hours=25), 2)
    count_demand(now=NOON)
    assert counted(sku) == {
        date(2026, 11, 16): (1, False),
        date(2026, 11, 17): (2, True),
        date(2026, 11, 18): (0, True),
        date(2026, 11, 19): (0, True),
    }
    past = histories([sku.pk], until=date(2026, 11, 19))[sku.pk]
    assert past.units == (1, None, None, None)


def test_a_pool_that_ran_dry_for_a_moment_is_an_ordinary_day() -> None:
    sku = make_stock(2)
    day = datetime(2026, 11, 18, 22, 30, tzinfo=SHANGHAI)
    stock_at(sku, day - timedelta(days=1), [day, day + timedelta(minutes=30)])
    make_stock(5, sku=sku)
    CodeBatch.objects.filter(sku=sku).order_by("-id").update(created_at=day - timedelta(days=1))
    newest = CodeBatch.objects.filter(sku=sku).order_by("-id")[0]
    CodeBatch.objects.filter(pk=newest.pk).update(created_at=day + timedelta(hours=1))
    count_demand(now=NOON, since=date(2026, 11, 17))
    assert [out for _, out in counted(sku).values()] == [False, False, False]


def test_the_calendar_is_there_and_promotions_belong_to_their_sku() -> None:
    sku, other = make_goods(), make_goods()
    names = {each.key for each in occasions()}
    assert {"spring_festival", "national_day", "618", "double11"} <= names
    day = date(2026, 11, 25)
    SalesOccasion.objects.create(
        key="promotion", name="促销", name_en="Promotion", starts_on=day, ends_on=day, sku=sku
    )
    assert len(occasions(sku.pk)) == len(occasions(other.pk)) + 1


def test_forecasts_are_made_once_a_day_for_what_still_sells() -> None:
    now = clock.now()
    sku, asleep = make_goods(), make_goods()
    last = make_history(sku, [5, 6, 7, 8, 9, 12, 11] * 10, now=now)
    make_history(asleep, [3] * 10 + [0] * 200, now=now)
    assert due_skus(now=now) == [sku.pk]
    assert refresh_forecasts(now=now) is False
    row = Forecast.objects.get()
    assert (row.sku_id, row.as_of, row.judged_on) == (sku.pk, last, last)
    assert len(row.mean) == 90
    assert due_skus(now=now) == []
    tomorrow = now + timedelta(days=1)
    make_history(sku, [6], now=tomorrow)
    refresh_forecasts(now=tomorrow)
    newest = Forecast.objects.order_by("-as_of")[0]
    assert newest.judged_on == last, "the choice is kept for a week"


def test_the_command_judges_a_file_and_says_what_it_left_out(
    capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    from tests.factories.demand import all_series, rows

    file = tmp_path / "sales.csv"  # type: ignore[operator]
    lines = [",".join(row) for row in rows([s.last(220) for s in all_series()[:2]])]
    file.write_text(
        "\n".join(["sku,date,units", *lines, "steady,yesterday,5", "steady,2026-01-01,-2"])
    )
    call_command("forecast", str(file))
    said = capsys.readouterr().out
    assert f"{len(lines)} lines taken" in said
    assert "2 refused" in said
    assert "not a date" in said
    assert "steady" in said
    assert "growing" in said
    total = next(line for line in said.splitlines() if line.startswith("all"))
    naive, model, used = (float(word) for word in total.split()[1:4])
    assert used <= naive
    assert model < naive


def test_the_command_judges_the_shops_own_history(capsys: pytest.CaptureFixture[str]) -> None:
    sku = make_goods()
    make_history(sku, [5, 6, 7, 8, 9, 12, 11] * 20)
    call_command("forecast")
    assert sku.code in capsys.readouterr().out


def test_the_backfill_counts_and_forecasts(capsys: pytest.CaptureFixture[str]) -> None:
    sku = make_goods("topup")
    make_sales(sku, clock.now() - timedelta(days=5), 4)
    call_command("count_demand", "--since", "2026-01-01")
    assert DailyDemand.objects.filter(sku=sku).count() == 5
    assert Forecast.objects.filter(sku=sku).count() == 1
