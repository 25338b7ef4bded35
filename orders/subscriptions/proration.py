"""What the unused days of a paid period are worth when somebody changes to a better plan."""

from dataclasses import dataclass
from datetime import date

from core.money import split_minor


@dataclass(frozen=True, slots=True)
class Credit:
    """`unused` of `days` days, worth `credit_minor` of the `paid_minor` paid for all of them."""

    days: int
    unused: int
    paid_minor: int
    credit_minor: int


def credit_of(paid_minor: int, *, start: date, end: date, on: date) -> Credit:
    """The share of the days from `on` to the period's end, to the minor unit.

    What was paid is split between used and unused days by the largest remainder, so that the two
    sum to it and neither is more than half a minor unit off. The day of the change counts as
    unused. Raises ValueError for no days.
    """
    days = (end - start).days
    if days < 1:
        raise ValueError("a period has at least one day")
    unused = min(max((end - on).days, 0), days)
    _used_minor, left_minor = split_minor(paid_minor, [days - unused, unused])
    return Credit(days, unused, paid_minor, left_minor)
