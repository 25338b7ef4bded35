"""Which model forecasts a SKU: tried on the past from many mornings, against the baseline.

MASE is the mean absolute error of days ahead over that of repeating last week within the history
(Hyndman and Koehler 2006), so that 1 means "as good as last week" for every SKU, large or small. It is
taken of the expected value, which is what is bought by; sold-out days count for nothing.

Slow goods are judged by whole weeks: by single days the forecast "nothing, ever" would win, since most
days sell nothing (temporal aggregation, Nikolopoulos and others 2011).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fulfillment.purchasing.naive import seasonal_naive, weekly_errors
from fulfillment.purchasing.series import WEEK, Occasion, Series
from fulfillment.purchasing.sketch import Floats, Model, Sketch, values
from fulfillment.purchasing.slow import is_slow, tsb
from fulfillment.purchasing.smooth import SHORTEST, ets

NAIVE = "naive"
MODELS: dict[str, Model] = {NAIVE: seasonal_naive, "ets": ets, "tsb": tsb}
#: Days ahead that are judged, and mornings from which: one every two weeks, the newest last.
AHEAD = 14
MORNINGS = 12
PROOF = 4
#: Share of days that should fall inside the range.
INSIDE = 0.8
#: How far the range may be stretched by what was seen; beyond that the past says nothing.
TIGHTEST, WIDEST = 0.7, 2.0
ENOUGH_DAYS = 28


@dataclass(frozen=True, slots=True)
class Trial:
    """One morning of the past: what a model said then and what came."""

    sketch: Sketch
    came: Floats
    before: Floats

    def mase(self, span: int = 1) -> float | None:
        """By sums of ``span`` days; None when nothing can be compared or the history never changed."""
        errors = np.abs(_sums(self.came, span) - _sums(self.sketch.mean, span))
        known = errors[~np.isnan(errors)]
        usual = np.abs(
            weekly_errors(self.before) if span == 1 else np.diff(_sums(self.before, span))
        )
        scale = float(np.nanmean(usual)) if (~np.isnan(usual)).any() else 0.0
        return float(known.mean()) / scale if known.size and scale else None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found about a SKU. MASE of the proof are None for a history that is too short.

    ``model`` is the rival of the baseline, ``used`` the one that won on the mornings *before* the
    proof, ``span`` the days by whose sums they were compared. ``coverage`` counts days of the proof
    inside the range and days looked at, ``spans`` whole fortnights likewise.
    """

    model: str
    used: str
    stretch: float
    mase_model: float | None = None
    mase_naive: float | None = None
    mase_used: float | None = None
    coverage: tuple[int, int] = (0, 0)
    spans: tuple[int, int] = (0, 0)
    span: int = 1


def rival(series: Series) -> tuple[str, int]:
    """The model that suits the kind of demand, and the days to judge by; not chosen by success."""
    return ("tsb", WEEK) if is_slow(series) else ("ets", 1)


def choose(series: Series, occasions: Sequence[Occasion]) -> Judgement:
    """Judge on all mornings there are; the winner is for the days to come."""
    model, span = rival(series)
    tried = {name: trials(series, occasions, name, count=MORNINGS) for name in (NAIVE, model)}
    used = _winner(tried, model, span)
    return Judgement(
        model, used, stretch(tried[used]), span=span,
        mase_model=_mase(tried[model], span), mase_naive=_mase(tried[NAIVE], span),
    )  # fmt: skip


def prove(series: Series, occasions: Sequence[Occasion]) -> Judgement:
    """Choose by the earlier mornings only, then measure on the later ones, which chose nothing."""
    count = min(MORNINGS, (len(series) - SHORTEST) // AHEAD)
    if count < 2:  # noqa: PLR2004  one to choose by, one to prove it
        return Judgement(rival(series)[0], NAIVE, 1.0)
    proof = min(PROOF, count // 2)
    before = series.until(len(series) - proof * AHEAD)
    model, span = rival(before)
    earlier = {
        name: trials(before, occasions, name, count=count - proof) for name in (NAIVE, model)
    }
    later = {name: trials(series, occasions, name, count=proof) for name in (NAIVE, model)}
    used = _winner(earlier, model, span)
    wide = stretch(earlier[used])
    return Judgement(
        model, used, wide, span=span,
        mase_model=_mase(later[model], span), mase_naive=_mase(later[NAIVE], span),
        mase_used=_mase(later[used], span),
        coverage=_covered([(widen(t.sketch, wide), t.came) for t in later[used]]),
        spans=_covered([_summed(widen(t.sketch, wide), t.came) for t in later[used]]),
    )  # fmt: skip


def trials(series: Series, occasions: Sequence[Occasion], name: str, *, count: int) -> list[Trial]:
    """Forecast from up to ``count`` mornings, each knowing only what was before it."""
    history = values(series)
    found = []
    for back in range(count, 0, -1):
        cut = len(series) - back * AHEAD
        if cut < SHORTEST:
            continue
        sketch = MODELS[name](series.until(cut), occasions, AHEAD)
        found.append(Trial(sketch, history[cut : cut + AHEAD], history[:cut]))
    return found


def stretch(tried: Sequence[Trial]) -> float:
    """By how much the range must be widened so that INSIDE of the days seen had been in it."""
    parts = [_places(each.sketch, each.came) for each in tried]
    known = np.concatenate(parts) if parts else np.array([])
    if known.size < ENOUGH_DAYS:
        return 1.0
    return float(np.clip(np.quantile(known, INSIDE), TIGHTEST, WIDEST))


def widen(sketch: Sketch, factor: float) -> Sketch:
    """Every course as far from the expected one as ``factor`` says; never below nothing."""
    return Sketch(sketch.mean, np.maximum(sketch.mean + factor * (sketch.paths - sketch.mean), 0.0))


def bounds(paths: Floats) -> tuple[Floats, Floats]:
    """The range in which INSIDE of the courses lie, whole units, each day by itself."""
    side = (1 - INSIDE) / 2
    low, high = np.quantile(paths, [side, 1 - side], axis=0)
    return np.floor(low), np.ceil(high)


def _places(sketch: Sketch, came: Floats) -> Floats:
    """How far each day lay from the expected one, where 1 is the edge of the range."""
    low, high = bounds(sketch.paths)
    up, down = np.maximum(high - sketch.mean, 0.5), np.maximum(sketch.mean - low, 0.5)
    far = np.where(came > sketch.mean, (came - sketch.mean) / up, (sketch.mean - came) / down)
    return np.asarray(far[~np.isnan(far)], dtype=np.float64)


def _winner(tried: dict[str, list[Trial]], model: str, span: int) -> str:
    theirs, ours = _mase(tried[model], span), _mase(tried[NAIVE], span)
    if theirs is None or ours is None:
        return NAIVE
    return model if theirs < ours else NAIVE


def _sums(days: Floats, span: int) -> Floats:
    """Sums of whole spans, the newest last; NaN where a day of the span tells nothing."""
    whole = len(days) // span * span
    return np.asarray(days[len(days) - whole :].reshape(-1, span).sum(axis=1), dtype=np.float64)


def _mase(tried: Sequence[Trial], span: int) -> float | None:
    found = [each.mase(span) for each in tried]
    known = [mase for mase in found if mase is not None]
    return float(np.mean(known)) if known else None


def _summed(sketch: Sketch, came: Floats) -> tuple[Sketch, Floats]:
    total = np.array([came.sum()])
    return Sketch(sketch.mean.sum(keepdims=True), sketch.paths.sum(axis=1, keepdims=True)), total


def _covered(pairs: Sequence[tuple[Sketch, Floats]]) -> tuple[int, int]:
    inside = known = 0
    for sketch, came in pairs:
        low, high = bounds(sketch.paths)
        inside += int(((came >= low) & (came <= high)).sum())
        known += int((~np.isnan(came)).sum())
    return inside, known
