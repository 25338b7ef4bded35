"""Forecasts over the demand that was fixed first: who wins, and how honest the range is."""

import subprocess
import sys
from datetime import date

import numpy as np
import pytest

from fulfillment.purchasing.judge import (
    NAIVE,
    Judgement,
    Trial,
    bounds,
    choose,
    prove,
    rival,
    widen,
)
from fulfillment.purchasing.naive import seasonal_naive
from fulfillment.purchasing.outlook import LEVELS, look_ahead
from fulfillment.purchasing.series import Occasion, Series
from fulfillment.purchasing.sketch import Sketch
from fulfillment.purchasing.slow import tsb
from fulfillment.purchasing.smooth import ets
from fulfillment.purchasing.special_days import learn
from tests.factories.demand import all_series, occasions

# Judging all series takes a while: once, not once for each worker.
pytestmark = pytest.mark.xdist_group("forecast")
DEMAND = {series.key: series for series in all_series()}


@pytest.fixture(scope="module")
def proofs() -> dict[str, Judgement]:
    return {key: prove(series, occasions(key)) for key, series in DEMAND.items()}


def test_the_demand_is_the_one_that_was_fixed() -> None:
    totals = {key: sum(n or 0 for n in series.units) for key, series in DEMAND.items()}
    assert totals["steady"] == 97141
    assert totals["slow"] == 285
    assert totals["repeating"] == 15402
    assert sum(n is None for n in DEMAND["short-of-stock"].units) > 10


def test_the_models_beat_the_baseline_where_there_is_something_to_know(
    proofs: dict[str, Judgement],
) -> None:
    for key in ("steady", "gift-card", "member-month", "promoted", "office", "growing"):
        found = proofs[key]
        assert found.used == "ets", key
        assert found.mase_used is not None
        assert found.mase_naive is not None
        assert found.mase_used < found.mase_naive, key


def test_the_baseline_is_used_where_it_wins(proofs: dict[str, Judgement]) -> None:
    assert proofs["repeating"].used == NAIVE


def test_slow_goods_have_their_own_model(proofs: dict[str, Judgement]) -> None:
    assert rival(DEMAND["slow"]) == ("tsb", 7)
    assert rival(DEMAND["modest"])[0] == "ets"
    assert proofs["slow"].model == "tsb"


def test_over_all_goods_what_is_used_beats_both(proofs: dict[str, Judgement]) -> None:
    def mean(name: str) -> float:
        return float(np.mean([getattr(each, name) for each in proofs.values()]))

    assert mean("mase_used") < mean("mase_naive")
    assert mean("mase_used") < mean("mase_model")


def test_the_range_holds_about_what_it_says(proofs: dict[str, Judgement]) -> None:
    inside = sum(each.coverage[0] for each in proofs.values())
    seen = sum(each.coverage[1] for each in proofs.values())
    assert 0.74 < inside / seen < 0.9


def test_the_choice_never_looks_at_the_proof() -> None:
    """Whatever the last eight weeks had been, the same model and the same range are chosen."""
    series = DEMAND["promoted"]
    other = Series(series.key, series.start, (*series.units[:-56], *([0] * 56)))
    marks = occasions("promoted")
    assert prove(series, marks).used == prove(other, marks).used
    assert prove(series, marks).stretch == prove(other, marks).stretch


def test_the_same_history_gives_the_same_forecast() -> None:
    series, marks = DEMAND["gift-card"], occasions()
    first, second = (look_ahead(series, marks, choose(series, marks)) for _ in range(2))
    assert first == second


def test_a_holiday_that_was_seen_is_expected_again() -> None:
    series, marks = DEMAND["gift-card"], occasions()
    before = series.until((date(2025, 11, 5) - series.start).days)
    sketch = ets(before, marks, 14)
    last_day, ordinary = 7, 13
    assert before.day(len(before) + last_day) == date(2025, 11, 12)
    assert sketch.mean[last_day] > 1.5 * sketch.mean[ordinary]
    blind = ets(before, [], 14)
    assert sketch.mean[last_day] > 1.3 * blind.mean[last_day]


def test_one_odd_day_makes_no_holiday() -> None:
    units = (10,) * 200
    calm = Series("calm", date(2026, 1, 1), (*units, 11, *units))
    day = calm.day(200)
    factor = learn(calm, [Occasion("fair", day, day)]).factors["fair", "on", 0]
    assert 1 <= factor < 1.1


def test_sold_out_days_are_not_lost_demand() -> None:
    full = DEMAND["steady"].last(120)
    hole = tuple(None if 90 <= i < 104 else n for i, n in enumerate(full.units))
    zero = tuple(0 if n is None else n for n in hole)
    marks: list[Occasion] = []
    honest = ets(Series("s", full.start, hole), marks, 14).mean.sum()
    fooled = ets(Series("s", full.start, zero), marks, 14).mean.sum()
    truth = ets(Series("s", full.start, full.units), marks, 14).mean.sum()
    assert abs(honest - truth) < 0.1 * truth
    assert abs(fooled - truth) > abs(honest - truth)


def test_mase_counts_only_what_can_be_compared() -> None:
    before = np.array([1.0, 2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6, 7, 8])
    sketch = Sketch(np.array([5.0, 5.0]), np.zeros((2, 2)))
    assert Trial(sketch, np.array([7.0, np.nan]), before).mase() == pytest.approx(2.0)
    assert Trial(sketch, np.array([np.nan, np.nan]), before).mase() is None
    assert Trial(sketch, np.array([7.0, 7.0]), np.ones(14)).mase() is None


def test_a_wider_range_holds_more_and_is_never_negative() -> None:
    sketch = tsb(DEMAND["slow"], [], 14)
    narrow, wide = bounds(widen(sketch, 0.5).paths), bounds(widen(sketch, 3.0).paths)
    assert (wide[1] >= narrow[1]).all()
    assert (wide[0] >= 0).all()


def test_totals_grow_with_days_and_with_certainty() -> None:
    series = DEMAND["member-month"]
    outlook = look_ahead(series, occasions("member-month"), Judgement("ets", "ets", 1.0))
    for level in LEVELS:
        totals = outlook.totals[level]
        assert list(totals) == sorted(totals)
    for days in (1, 7, 30, 90):
        at = [outlook.at_level(days, level) for level in LEVELS]
        assert at == sorted(at)
    assert outlook.at_level(120, 95) > outlook.at_level(90, 95)


@pytest.mark.parametrize("units", [(), (3,), (0,) * 20, (None,) * 40, (5,) * 36])
def test_a_short_or_empty_history_is_forecast_all_the_same(units: tuple[int | None, ...]) -> None:
    series = Series("new", date(2026, 10, 1), units)
    for judgement in (choose(series, occasions()), prove(series, occasions())):
        outlook = look_ahead(series, occasions(), judgement, days=30)
        assert len(outlook.mean) == 30
        assert min(outlook.mean) >= 0
        assert np.isfinite(outlook.mean).all()


def test_a_model_that_cannot_fit_gives_way_to_the_baseline() -> None:
    series = Series("short", date(2026, 10, 1), (4, 5, 6, 7, 8, 9, 3))
    outlook = look_ahead(series, [], Judgement("ets", "ets", 1.0), days=7)
    assert outlook.used == NAIVE
    assert outlook.mean == (4, 5, 6, 7, 8, 9, 3)


def test_the_baseline_repeats_the_week_around_sold_out_days() -> None:
    units = (1, 2, 3, 4, 5, 6, 7, 1, 2, None, 4, 5, 6, 8)
    mean = seasonal_naive(Series("s", date(2026, 10, 1), units), [], 9).mean
    assert list(mean) == [1, 2, 3, 4, 5, 6, 8, 1, 2]


def test_nothing_heavy_is_imported_before_a_model_is_fitted() -> None:
    code = (
        "import sys, fulfillment.purchasing.outlook, fulfillment.purchasing.restock;"
        "print([m for m in ('statsmodels', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
