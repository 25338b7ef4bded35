"""Lines taken apart into units. Pure."""

from collections.abc import Sequence

from core.money import split_minor
from orders.promotions.rules.base import View


def dearest_first(views: Sequence[View]) -> list[tuple[int, int]]:
    """Every unit as (line, what it costs by now), the dearest first, ties by line.

    The units of a line sum to its amount, in minor units.
    """
    units = [
        (line, price)
        for line, view in enumerate(views)
        for price in split_minor(view.amount_minor, [1] * view.quantity)
    ]
    return sorted(units, key=lambda unit: (-unit[1], unit[0]))
