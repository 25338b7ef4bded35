"""What one SKU will sell: expected units a day, their range, and totals at levels of certainty."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from fulfillment.purchasing.judge import MODELS, NAIVE, Judgement, bounds, widen
from fulfillment.purchasing.series import DAY, Occasion, Series

#: Days that are forecast; beyond, the mean of the last four weeks of them is taken.
HORIZON = 90
#: Percent of courses that stay below the total: what a service level buys.
LEVELS = (50, 80, 90, 95, 98)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Forecast from ``first`` on. ``totals[level][n]`` is the total of n + 1 days at that level."""

    key: str
    first: date
    used: str
    mean: tuple[float, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]
    totals: dict[int, tuple[int, ...]]

    def expected(self, days: int) -> float:
        """Units expected in the first ``days`` days."""
        known = self.mean[:days]
        later = max(0, days - len(self.mean))
        return float(sum(known)) + later * self._settled()

    def at_level(self, days: int, level: int) -> int:
        """Units that are enough for ``days`` days with ``level`` percent certainty."""
        if days <= 0:
            return 0
        totals = self.totals[level]
        if days <= len(totals):
            return totals[days - 1]
        return int(np.ceil(totals[-1] + (days - len(totals)) * self._settled()))

    def lasts(self, units: int, *, level: int = 0) -> int | None:
        """After how many days ``units`` are gone (expected, or with ``level`` at that certainty).

        0 when there are none; None when they outlast the horizon.
        """
        gone = np.cumsum(self.mean) if not level else np.array(self.totals[level])
        if units <= 0:
            return 0
        short = np.flatnonzero(gone >= units)
        return int(short[0]) if short.size else None

    def day(self, place: int) -> date:
        return self.first + place * DAY

    def _settled(self) -> float:
        last = self.mean[-28:]
        return float(sum(last)) / len(last) if last else 0.0


def look_ahead(
    series: Series, occasions: Sequence[Occasion], judgement: Judgement, *, days: int = HORIZON
) -> Outlook:
    """Forecast with the model that won; the baseline steps in where it cannot."""
    used = judgement.used
    try:
        sketch = MODELS[used](series, occasions, days)
    except (ValueError, np.linalg.LinAlgError):
        used = NAIVE
        sketch = MODELS[NAIVE](series, occasions, days)
    sketch = widen(sketch, judgement.stretch)
    low, high = bounds(sketch.paths)
    sums = sketch.paths.cumsum(axis=1)
    quantiles = np.ceil(np.quantile(sums, [level / 100 for level in LEVELS], axis=0))
    return Outlook(
        series.key, series.day(len(series)), used,
        tuple(round(float(n), 3) for n in sketch.mean),
        tuple(int(n) for n in low), tuple(int(n) for n in high),
        {level: tuple(int(n) for n in row) for level, row in zip(LEVELS, quantiles, strict=True)},
    )  # fmt: skip
