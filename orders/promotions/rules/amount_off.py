"""So much off from so much on (满减), in steps or again and again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from orders.promotions.rules.base import BadTerms, NoGift, View
from orders.promotions.rules.reading import integer
from orders.promotions.spread import spread

MOST_STEPS = 10


@dataclass(frozen=True, slots=True)
class AmountOff(NoGift):
    """The highest of `steps` (from, off) that the lines reach; with `again`, once for each time.

    The amount is spread over the lines by what they cost, and what one line has no room for goes
    to the others.
    """

    key: ClassVar[str] = "amount_off"
    whole: ClassVar[bool] = True
    steps: tuple[tuple[int, int], ...]
    again: bool = False

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        raw = params.get("steps")
        if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_STEPS:
            raise BadTerms("steps", "steps")
        steps = tuple(sorted(_step(one) for one in raw))
        again = bool(params.get("again"))
        starts = [start for start, _off in steps]
        if len(set(starts)) < len(starts) or (again and (len(steps) > 1 or not starts[0])):
            raise BadTerms("steps", "steps")
        return cls(steps, again)

    def offs(self, views: Sequence[View]) -> list[int]:
        total = sum(view.amount_minor for view in views)
        reached = [step for step in self.steps if step[0] <= total]
        if not reached:
            return [0] * len(views)
        start, off = reached[-1]
        times = total // start if self.again else 1
        return spread(off * times, views)

    def params(self) -> dict[str, str | int]:
        start, off = self.steps[0]
        told: dict[str, str | int] = {
            "from_minor": start,
            "off_minor": off,
            "again": int(self.again),
        }
        if len(self.steps) > 1:
            told["steps"] = ",".join(f"{at}:{off}" for at, off in self.steps)
        return told


def _step(raw: Any) -> tuple[int, int]:
    if not isinstance(raw, list) or len(raw) != 2:  # noqa: PLR2004  from, off
        raise BadTerms("steps", "steps")
    named = {"from": raw[0], "off": raw[1]}
    return integer(named, "from"), integer(named, "off", least=1)
