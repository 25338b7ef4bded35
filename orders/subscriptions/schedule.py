"""When periods begin and end: civil dates where the shop is, counted from an anchor.

Months keep the day of the anchor as well as they can: 31 January, 28 February, 31 March. They are
counted from the anchor and never from the period before, so a short month shortens nothing after it.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from orders.subscriptions.terms import MONTH, Phase


@dataclass(frozen=True, slots=True)
class Span:
    """Period `number` (from 1): from `start` to the day before `end`, at the terms of `phase`."""

    number: int
    phase: Phase
    first_of_phase: bool
    start: date
    end: date

    @property
    def gift(self) -> tuple[str, int] | None:
        """SKU code and units given with it."""
        return self.phase.gives(first=self.first_of_phase)


def add_months(day: date, months: int, *, anchor_day: int) -> date:
    """So many months on, at the anchor's day or the last day of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(anchor_day, monthrange(year, month)[1]))


def span_of(
    phases: Sequence[Phase], *, number: int, anchor: date, anchor_number: int = 1
) -> Span | None:
    """Period `number`, when period `anchor_number` begins on `anchor`; None when none is left.

    Raises ValueError for a period before the anchor's.
    """
    if number < anchor_number:
        raise ValueError(f"period {number} lies before the anchor's")
    start, anchor_day, first = anchor, anchor.day, 1
    for phase in phases:
        last = None if phase.periods is None else first + phase.periods - 1
        if last is not None and last < anchor_number:
            first = last + 1
            continue
        begins = max(first, anchor_number)
        if last is None or number <= last:
            times = number - begins
            return Span(
                number, phase, number == first,
                _after(start, phase, times, anchor_day), _after(start, phase, times + 1, anchor_day),
            )  # fmt: skip
        start = _after(start, phase, last - begins + 1, anchor_day)
        if phase.unit != MONTH:
            anchor_day = start.day
        first = last + 1
    return None


def _after(start: date, phase: Phase, times: int, anchor_day: int) -> date:
    if phase.unit == MONTH:
        return add_months(start, phase.length * times, anchor_day=anchor_day)
    return start + timedelta(days=phase.length * times)
