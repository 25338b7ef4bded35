"""What a prize table costs: on the average, and at the worst. Pure; minor units of one currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Priced:
    """A line of the table with what one piece costs; `stock` None: no end."""

    odds: int
    stock: int | None
    cost_minor: int


@dataclass(frozen=True, slots=True)
class PrizeCost:
    """`expected_minor` is Σ odds x cost over all draws, rounded up; `worst_minor` is never passed."""

    expected_minor: int
    worst_minor: int


def prize_cost(lines: Sequence[Priced], *, whole: int, draws: int) -> PrizeCost:
    """Cost of `draws` draws. Expected counts no more pieces of a prize than there are of it.

    At the worst the dearest prizes go first, each until it is gone, one in each draw.
    """
    mean = Fraction(0)
    for line in lines:
        share = Fraction(draws * line.odds, whole)
        if line.stock is not None:
            share = min(share, Fraction(line.stock))
        mean += line.cost_minor * share
    worst, left = 0, draws
    for line in sorted(lines, key=lambda line: -line.cost_minor):
        pieces = left if line.stock is None else min(left, line.stock)
        worst, left = worst + pieces * line.cost_minor, left - pieces
    return PrizeCost(-(-mean.numerator // mean.denominator), worst)
