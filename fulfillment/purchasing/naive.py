"""The baseline: the coming week is like the last one. Whatever claims to forecast must beat it."""

from collections.abc import Sequence

import numpy as np

from fulfillment.purchasing.series import WEEK, Occasion, Series
from fulfillment.purchasing.sketch import PATHS, Floats, Sketch, dice, values


def last_week(history: Floats) -> Floats:
    """The newest known value of each of the last seven weekdays, oldest day first."""
    week = np.full(WEEK, np.nan)
    for back in range(len(history)):
        place = WEEK - 1 - back % WEEK
        if np.isnan(week[place]):
            week[place] = history[len(history) - 1 - back]
        if not np.isnan(week).any():
            break
    known = week[~np.isnan(week)]
    week[np.isnan(week)] = float(known.mean()) if known.size else 0.0
    return week


def weekly_errors(history: Floats) -> Floats:
    """What repeating the week before would have been wrong by, on days where both are known."""
    errors = history[WEEK:] - history[:-WEEK]
    return np.asarray(errors[~np.isnan(errors)], dtype=np.float64)


def seasonal_naive(series: Series, _occasions: Sequence[Occasion], days: int) -> Sketch:
    """Repeat the last week; its errors add up from week to week."""
    history = values(series)
    mean = np.resize(last_week(history), days)
    errors = weekly_errors(history)
    if errors.size < WEEK:
        spread = np.sqrt(max(float(mean.mean()), 1.0))
        errors = np.array([-1.3, -0.7, 0.0, 0.7, 1.3]) * spread
    errors = errors - errors.mean()
    weeks = -(-days // WEEK)
    drawn = dice(series).choice(errors, (PATHS, weeks, WEEK)).cumsum(axis=1)
    paths = mean + drawn.reshape(PATHS, weeks * WEEK)[:, :days]
    return Sketch(mean, np.maximum(paths, 0))
