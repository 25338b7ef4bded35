"""Rounding as data: a grid of lawful prices, and which way to go to it. Pure."""

from dataclasses import dataclass
from typing import Literal

Mode = Literal["up", "down", "half"]


@dataclass(frozen=True, slots=True)
class Rounding:
    """Prices that end in `ending_minor` of every `step_minor`: (10, 0) is to 0.10, (100, 90) to .90.

    `mode`: up, down, or half (to the nearest, a tie upward). The default keeps every minor unit.
    """

    step_minor: int = 1
    ending_minor: int = 0
    mode: Mode = "half"

    def __post_init__(self) -> None:
        if self.step_minor < 1 or not 0 <= self.ending_minor < self.step_minor:
            raise ValueError("a grid has a step, and its ending lies within the step")


EXACT = Rounding()


def round_ratio(top: int, bottom: int, rule: Rounding, *, mode: Mode | None = None) -> int:
    """The price of the grid for the amount `top / bottom` minor units; never below the first of it.

    Integers only, so that no amount is lost on the way. `mode` overrides the rule's own. Raises
    ValueError for a negative amount or a bottom below one. Source: C6, "rounding is part of the rule".
    """
    if top < 0 or bottom < 1:
        raise ValueError("an amount is not negative")
    way, step = mode or rule.mode, rule.step_minor
    # Places on the grid, counted from its first price.
    numerator, denominator = top - rule.ending_minor * bottom, step * bottom
    if way == "down":
        place = numerator // denominator
    elif way == "up":
        place = -(-numerator // denominator)
    else:
        place = (2 * numerator + denominator) // (2 * denominator)
    return max(place, 0) * step + rule.ending_minor
