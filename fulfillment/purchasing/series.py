"""Daily demand of one SKU and the days that are not like others."""

from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)
WEEK = 7


@dataclass(frozen=True, slots=True)
class Occasion:
    """Days on which people buy otherwise, the same every time it comes: a holiday, a sale, a promotion.

    ``key`` names the kind, so that the last one teaches about the next (`spring_festival`, `618`).
    """

    key: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Series:
    """Units a day from ``start`` on, without a gap. None is a day that tells nothing (sold out)."""

    key: str
    start: date
    units: tuple[int | None, ...]

    def __len__(self) -> int:
        return len(self.units)

    def day(self, place: int) -> date:
        """The date at a place; places after the end are days to come."""
        return self.start + place * DAY

    def until(self, places: int) -> "Series":
        """The first ``places`` days: what was known on the evening of the last of them."""
        return Series(self.key, self.start, self.units[:places])

    def last(self, places: int) -> "Series":
        """The last ``places`` days."""
        skip = max(0, len(self.units) - places)
        return Series(self.key, self.day(skip), self.units[skip:])
