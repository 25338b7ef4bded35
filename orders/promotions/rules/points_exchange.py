"""A good that is had for points alone: they pay all of it, whatever it costs in money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from orders.promotions.rules.base import NoGift, View
from orders.promotions.rules.reading import integer


@dataclass(frozen=True, slots=True)
class PointsExchange(NoGift):
    """`points` for everything it is about; nothing is left to pay in money."""

    key: ClassVar[str] = "points_exchange"
    whole: ClassVar[bool] = True
    points: int

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        return cls(integer(params, "points", least=1))

    def offs(self, views: Sequence[View]) -> list[int]:
        return [view.room_minor for view in views]

    def params(self) -> dict[str, str | int]:
        return {"points": self.points}
