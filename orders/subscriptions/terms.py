"""The terms of a subscription: phases one after another, each with a price, a length and gifts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MONTH, DAY = "month", "day"
#: Notice is given five days ahead, so nothing shorter can be renewed lawfully.
SHORTEST_DAYS = 7
MOST_PHASES = 6
MOST_PERIODS = 600


class BadPhases(ValueError):
    """The phases make no plan; `key` names the reason for people."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Phase:
    """So many periods at one price. `periods` None is without end; `price_minor` for one period.

    `gift` is a SKU code, given once at the phase's first period or with each of them.
    """

    periods: int | None
    unit: str
    length: int
    price_minor: int
    gift: str = ""
    gift_units: int = 1
    gift_each: bool = False

    def gives(self, *, first: bool) -> tuple[str, int] | None:
        """SKU code and units given with a period, the phase's first or a later one."""
        if not self.gift or not (self.gift_each or first):
            return None
        return self.gift, self.gift_units


def check_phases(phases: Sequence[Phase]) -> None:
    """Refuse phases that cannot be kept. Raises BadPhases."""
    if not 1 <= len(phases) <= MOST_PHASES:
        raise BadPhases("count")
    for phase in phases[:-1]:
        if phase.periods is None:
            raise BadPhases("endless_before_last")
    for phase in phases:
        _check_phase(phase)


def _check_phase(phase: Phase) -> None:
    if phase.periods is not None and not 1 <= phase.periods <= MOST_PERIODS:
        raise BadPhases("periods")
    if phase.unit not in (MONTH, DAY) or phase.length < 1:
        raise BadPhases("length")
    if phase.unit == DAY and phase.length < SHORTEST_DAYS:
        raise BadPhases("too_short")
    if phase.price_minor < 0 or (phase.gift and phase.gift_units < 1):
        raise BadPhases("price")


def as_json(phases: Sequence[Phase]) -> list[dict[str, Any]]:
    """Phases as they are copied into a subscription."""
    return [asdict(phase) for phase in phases]


def read_phases(kept: Sequence[Mapping[str, Any]]) -> tuple[Phase, ...]:
    """Phases of a subscription as they were agreed. Raises TypeError for others than ours."""
    return tuple(Phase(**phase) for phase in kept)


def highest_minor(phases: Sequence[Phase]) -> int:
    """The most that is ever charged at once, in minor units."""
    return max(phase.price_minor for phase in phases)
