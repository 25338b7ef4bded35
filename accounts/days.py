"""A day that comes again, by the week or by the month, on the shop's calendar. Pure."""

import calendar
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class DayRule:
    """`weekday` 1 (Monday) to 7, or `month_day` 1 to 31; a shorter month has its last day instead."""

    weekday: int | None = None
    month_day: int | None = None

    def covers(self, at: datetime, zone: tzinfo) -> bool:
        """Whether the moment (aware) lies on such a day in that time zone."""
        day = at.astimezone(zone).date()
        if self.weekday is not None:
            return day.isoweekday() == self.weekday
        if self.month_day is None:
            return False
        return day.day == min(self.month_day, calendar.monthrange(day.year, day.month)[1])


def next_midnight(at: datetime, zone: tzinfo) -> datetime:
    """When the next day starts in that time zone: the moment at which a day's price may change."""
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), tzinfo=zone)
