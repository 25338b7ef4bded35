"""How much more, or less, is sold around an occasion than on the days about it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from fulfillment.purchasing.series import DAY, WEEK, Occasion, Series
from fulfillment.purchasing.sketch import Floats, values

#: Days before that people buy gifts on, days after on which everybody has bought.
BEFORE, AFTER = 7, 4
#: Occasions of different lengths are compared by this many stages.
STAGES = 4
#: How many days' worth of "nothing special" a guess starts with: one odd day moves little.
DOUBT_DURING, DOUBT_ASIDE = 0.5, 1.5
AROUND = 28

Stage = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Uplift:
    """Factor by stage of each occasion; 1 where nothing was ever seen."""

    factors: dict[Stage, float]

    def of(self, days: Sequence[date], occasions: Sequence[Occasion]) -> Floats:
        """The factor of each day; of two occasions at once the stronger one counts."""
        marks = stages(occasions)
        found = [
            max((self.factors.get(mark, 1.0) for mark in marks.get(day, ())), key=_strength, default=1.0)
            for day in days
        ]  # fmt: skip
        return np.array(found, dtype=np.float64)


def stages(occasions: Sequence[Occasion]) -> dict[date, list[Stage]]:
    """Which stage of which occasion a day is."""
    found: dict[date, list[Stage]] = defaultdict(list)
    for each in occasions:
        for day, stage in _days_of(each):
            found[day].append(stage)
    return found


def learn(series: Series, occasions: Sequence[Occasion]) -> Uplift:
    """Compare every special day with the ordinary days about it, stage by stage."""
    history = values(series)
    marks = stages(occasions)
    days = [series.day(place) for place in range(len(series))]
    ordinary = ordinary_course(history, np.array([day in marks for day in days], dtype=bool))
    sold: dict[Stage, float] = defaultdict(float)
    usual: dict[Stage, float] = defaultdict(float)
    times: dict[Stage, int] = defaultdict(int)
    for place, day in enumerate(days):
        if np.isnan(history[place]) or np.isnan(ordinary[place]):
            continue
        key_marks = [(*mark[:2], -1) for mark in marks.get(day, ()) if mark[1] == "on"]
        for mark in (*marks.get(day, ()), *key_marks):
            sold[mark] += history[place]
            usual[mark] += ordinary[place]
            times[mark] += 1
    return Uplift(_factors(sold, usual, times))


def ordinary_course(history: Floats, special: "np.typing.NDArray[np.bool_]") -> Floats:
    """What an ordinary day at each place sells: its weekday among the ordinary days about it."""
    plain = np.where(special, np.nan, history)
    course = np.full(history.size, np.nan)
    for place in range(history.size):
        first, last = max(0, place - AROUND), min(history.size, place + AROUND + 1)
        around = plain[first:last]
        same = plain[first + (place - first) % WEEK : last : WEEK]
        seen, seen_same = around[~np.isnan(around)], same[~np.isnan(same)]
        if seen.size:
            level = float(seen.mean())
            # A weekday seen once or twice is pulled to the level of all days.
            course[place] = (float(seen_same.sum()) + level) / (seen_same.size + 1)
    return course


def _factors(
    sold: dict[Stage, float], usual: dict[Stage, float], times: dict[Stage, int]
) -> dict[Stage, float]:
    factors: dict[Stage, float] = {}
    for mark in sorted(sold, key=lambda mark: mark[2]):
        key, where, stage = mark
        each = usual[mark] / times[mark]
        whole = where == "on" and stage >= 0
        start = factors[key, "on", -1] if whole else 1.0
        doubt = (1.0 if whole else DOUBT_DURING if where == "on" else DOUBT_ASIDE) * max(each, 0.5)
        factors[mark] = (sold[mark] + doubt * start) / (usual[mark] + doubt)
    return factors


def _days_of(each: Occasion) -> Iterator[tuple[date, Stage]]:
    length = (each.ends_on - each.starts_on).days + 1
    for back in range(1, BEFORE + 1):
        yield each.starts_on - back * DAY, (each.key, "before", back)
    for place in range(length):
        yield each.starts_on + place * DAY, (each.key, "on", place * STAGES // length)
    for after in range(1, AFTER + 1):
        yield each.ends_on + after * DAY, (each.key, "after", after)


def _strength(factor: float) -> float:
    return abs(float(np.log(max(factor, 0.01))))
