"""Goods that sell on few days: the chance of a sale and its size are followed apart (TSB).

Teunter, Syntetos and Babai, "Intermittent demand: linking forecasting to inventory obsolescence"
(2011): unlike Croston's, the chance falls on every day without a sale, so dead goods die out.
"""

from collections.abc import Sequence

import numpy as np

from fulfillment.purchasing.series import Occasion, Series
from fulfillment.purchasing.sketch import PATHS, Floats, Sketch, dice, values

#: Smoothing constants within the range the authors recommend for slow goods.
CHANCE_STEP = 0.05
SIZE_STEP = 0.1
#: Days between two sales from which demand counts as intermittent (Syntetos and Boylan 2005).
INTERVAL = 1.32


def is_slow(series: Series) -> bool:
    """Whether the mean interval between days with a sale is above INTERVAL."""
    history = values(series)
    known = history[~np.isnan(history)]
    sold = int((known > 0).sum())
    return bool(known.size and known.size > INTERVAL * max(sold, 1))


def tsb(series: Series, _occasions: Sequence[Occasion], days: int) -> Sketch:
    """The same expectation for every day; paths throw the dice of chance and of sizes seen."""
    history = values(series)
    known = history[~np.isnan(history)]
    sizes = known[known > 0]
    if not sizes.size:
        return Sketch(np.zeros(days), np.zeros((PATHS, days)))
    chance, size = _follow(known, sizes)
    rng = dice(series)
    # How sure we are of the chance is itself a guess: as many days as the smoothing remembers.
    memory = 1 / CHANCE_STEP
    chances = rng.beta(0.5 + chance * memory, 0.5 + (1 - chance) * memory, (PATHS, 1))
    sold = rng.random((PATHS, days)) < chances
    drawn = rng.choice(sizes * (size / sizes.mean()), (PATHS, days))
    return Sketch(np.full(days, chance * size), np.where(sold, drawn, 0.0))


def _follow(known: Floats, sizes: Floats) -> tuple[float, float]:
    start = known[: max(28, known.size // 4)]
    chance, size = float((start > 0).mean()), float(sizes[:3].mean())
    for units in known:
        chance += CHANCE_STEP * (float(units > 0) - chance)
        if units > 0:
            size += SIZE_STEP * (float(units) - size)
    return chance, size
