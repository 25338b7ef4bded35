"""What a model says of the days to come: one expected course and many possible ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fulfillment.purchasing.series import Occasion, Series

Floats = npt.NDArray[np.float64]
#: Possible courses drawn per forecast: enough for a 98 % level.
PATHS = 400


@dataclass(frozen=True, slots=True)
class Sketch:
    """``mean`` units a day; ``paths`` is PATHS × days, each row one way it may go."""

    mean: Floats
    paths: Floats


#: (history, occasions, days ahead) → sketch. The same arguments give the same answer.
Model = Callable[[Series, Sequence[Occasion], int], Sketch]


def values(series: Series) -> Floats:
    """The history as numbers; days that tell nothing are NaN."""
    return np.array([np.nan if n is None else n for n in series.units], dtype=np.float64)


def dice(series: Series) -> np.random.Generator:
    """A generator of its own for each SKU and length of history, so that runs repeat."""
    return np.random.default_rng([len(series), *series.key.encode()])
