"""A share of the price, at most so much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from core.money import split_minor
from orders.promotions.rules.base import NoGift, View
from orders.promotions.rules.reading import WHOLE_BP, integer, optional


@dataclass(frozen=True, slots=True)
class PercentOff(NoGift):
    """`off_bp` hundredths of a percent of each line, once the lines reach `from_minor`.

    What is taken off is rounded half up to the minor unit, line by line; `most_minor` bounds the
    sum and is split by what each line would have got.
    """

    key: ClassVar[str] = "percent_off"
    whole: ClassVar[bool] = False
    off_bp: int
    from_minor: int = 0
    most_minor: int | None = None

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        return cls(
            integer(params, "off_bp", least=1, most=WHOLE_BP),
            integer(params, "from_minor", default=0),
            optional(params, "most_minor", least=1),
        )

    def offs(self, views: Sequence[View]) -> list[int]:
        if sum(view.amount_minor for view in views) < self.from_minor:
            return [0] * len(views)
        offs = [
            (view.amount_minor * self.off_bp * 2 + WHOLE_BP) // (2 * WHOLE_BP) for view in views
        ]
        if self.most_minor is None or sum(offs) <= self.most_minor:
            return offs
        return split_minor(self.most_minor, offs)

    def params(self) -> dict[str, str | int]:
        return {
            "off_bp": self.off_bp,
            "from_minor": self.from_minor,
            "most_minor": self.most_minor or 0,
        }
