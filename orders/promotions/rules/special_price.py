"""A price of its own for each unit: a first month for 6 yuan, a flash sale, a group's price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from orders.promotions.rules.base import NoGift, View
from orders.promotions.rules.reading import integer


@dataclass(frozen=True, slots=True)
class SpecialPrice(NoGift):
    """Each unit costs `unit_minor`; a line that is cheaper already stays as it is."""

    key: ClassVar[str] = "special_price"
    whole: ClassVar[bool] = False
    unit_minor: int

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        return cls(integer(params, "unit_minor"))

    def offs(self, views: Sequence[View]) -> list[int]:
        return [max(0, view.amount_minor - self.unit_minor * view.quantity) for view in views]

    def params(self) -> dict[str, str | int]:
        return {"unit_minor": self.unit_minor}
