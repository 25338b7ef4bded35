"""Part of an order paid with points. It is money of the buyer's, not a discount."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from orders.promotions.rules.base import NoGift, View
from orders.promotions.rules.reading import WHOLE_BP, integer
from orders.promotions.spread import spread


@dataclass(frozen=True, slots=True)
class PointsPay(NoGift):
    """`points` at `minor_per_point` each, at most `most_bp` of what is left to pay.

    Only whole points are used. Minor units.
    """

    key: ClassVar[str] = "points"
    whole: ClassVar[bool] = True
    points: int
    minor_per_point: int
    most_bp: int = WHOLE_BP

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        return cls(
            integer(params, "points"),
            integer(params, "minor_per_point", least=1),
            integer(params, "most_bp", default=WHOLE_BP, most=WHOLE_BP),
        )

    def offs(self, views: Sequence[View]) -> list[int]:
        total = sum(view.amount_minor for view in views)
        most = min(self.points * self.minor_per_point, total * self.most_bp // WHOLE_BP)
        return spread(most - most % self.minor_per_point, views)

    def params(self) -> dict[str, str | int]:
        return {"minor_per_point": self.minor_per_point}
