"""So many for one price, of one good or mixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from core.money import split_minor
from orders.promotions.rules.base import NoGift, View
from orders.promotions.rules.reading import integer
from orders.promotions.units import dearest_first


@dataclass(frozen=True, slots=True)
class SeveralFor(NoGift):
    """Every full group of `units`, from the dearest on, costs `price_minor`; the rest as before.

    A group that costs less already is left alone. What is saved is split over the units of its
    group by what they cost. At most `times` groups count (0: all).
    """

    key: ClassVar[str] = "several_for"
    whole: ClassVar[bool] = True
    units: int
    price_minor: int
    times: int = 0

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        return cls(
            integer(params, "units", least=2, most=100),
            integer(params, "price_minor"),
            integer(params, "times", default=0, most=100),
        )

    def offs(self, views: Sequence[View]) -> list[int]:
        offs = [0] * len(views)
        units = dearest_first(views)
        groups = len(units) // self.units
        for number in range(min(groups, self.times) if self.times else groups):
            group = units[number * self.units : (number + 1) * self.units]
            prices = [price for _line, price in group]
            saved = max(0, sum(prices) - self.price_minor)
            for (line, _price), part in zip(group, split_minor(saved, prices), strict=True):
                offs[line] += part
        return offs

    def params(self) -> dict[str, str | int]:
        return {"units": self.units, "price_minor": self.price_minor}
