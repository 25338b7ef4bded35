"""Every n-th unit for less: the second at half price, buy two and get one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from orders.promotions.rules.base import NoGift, View
from orders.promotions.rules.reading import WHOLE_BP, integer
from orders.promotions.units import dearest_first


@dataclass(frozen=True, slots=True)
class NthUnit(NoGift):
    """Units are laid out from the dearest; of every `nth` the last, the cheapest, gets `off_bp` off.

    So the buyer gains most from the first group, and the order of a cart changes nothing. At most
    `times` groups count (0: all). Rounded down to the minor unit.
    """

    key: ClassVar[str] = "nth_unit"
    whole: ClassVar[bool] = True
    nth: int
    off_bp: int
    times: int = 0

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        return cls(
            integer(params, "nth", least=2, most=100),
            integer(params, "off_bp", least=1, most=WHOLE_BP),
            integer(params, "times", default=0, most=100),
        )

    def offs(self, views: Sequence[View]) -> list[int]:
        offs = [0] * len(views)
        units = dearest_first(views)
        groups = len(units) // self.nth
        for group in range(min(groups, self.times) if self.times else groups):
            line, price = units[(group + 1) * self.nth - 1]
            offs[line] += price * self.off_bp // WHOLE_BP
        return offs

    def params(self) -> dict[str, str | int]:
        return {"nth": self.nth, "off_bp": self.off_bp}
