"""Exponential smoothing of level, damped trend and week (ETS), on days freed of their occasions.

statsmodels is imported when the first model is fitted: two seconds and a hundred megabytes that only
the command and the one worker slice that forecasts should pay.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from fulfillment.purchasing.series import WEEK, Occasion, Series
from fulfillment.purchasing.sketch import PATHS, Floats, Sketch, dice, values
from fulfillment.purchasing.special_days import learn, ordinary_course

#: A model of weeks and trend needs to have seen some.
SHORTEST = 5 * WEEK
LONGEST = 400
#: How far an occasion may turn out otherwise than the last ones, as a standard deviation of its log.
SURPRISE = 0.2
#: Below this a factor is no occasion.
SLIGHT = 0.05


def ets(series: Series, occasions: Sequence[Occasion], days: int) -> Sketch:
    """Fit on logarithms, where a week's shape is a factor; draw paths from the fitted errors.

    Raises ValueError for a history shorter than SHORTEST.
    """
    if len(series) < SHORTEST:
        raise ValueError("too short a history for a week and a trend")
    uplift = learn(series, occasions)
    recent = series.last(LONGEST)
    past = uplift.of([recent.day(place) for place in range(len(recent))], occasions)
    calm = _filled(values(recent) / past)
    rng = dice(series)
    courses = _fit_and_draw(np.log1p(calm), days, rng)
    ahead = uplift.of([series.day(len(series) + place) for place in range(days)], occasions)
    turn = np.exp(rng.normal(0, SURPRISE, (PATHS, 1)) * (np.abs(ahead - 1) > SLIGHT))
    paths = np.maximum(np.expm1(courses), 0) * ahead
    return Sketch(paths.mean(axis=0), paths * turn)


def _fit_and_draw(logs: Floats, days: int, rng: np.random.Generator) -> Floats:
    from statsmodels.tools.sm_exceptions import ConvergenceWarning
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    model = ETSModel(
        logs, error="add", trend="add", damped_trend=True, seasonal="add", seasonal_periods=WEEK,
        initialization_method="heuristic",
    )  # fmt: skip
    with warnings.catch_warnings():
        # A history that is fitted perfectly ends without converging; the proof judges the result.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted: Any = model.fit(disp=False, maxiter=200)
    errors = rng.choice(np.asarray(fitted.resid), (days, PATHS))
    drawn = fitted.simulate(days, anchor="end", repetitions=PATHS, random_errors=errors)
    # A course that a log has let run away is not a forecast.
    top = float(logs.max()) + np.log(4)
    courses: Floats = np.asarray(drawn, dtype=np.float64).T
    return courses.clip(max=top)


def _filled(history: Floats) -> Floats:
    """Days that tell nothing take what an ordinary day there would have sold."""
    unknown = np.isnan(history)
    if not unknown.any():
        return history
    course = ordinary_course(history, unknown)
    known = history[~unknown]
    rest = float(known.mean()) if known.size else 0.0
    return np.where(unknown, np.nan_to_num(course, nan=rest), history)
