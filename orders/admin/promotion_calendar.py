"""What runs when: a month, a row for each promotion, a bar over its days."""

import calendar as months
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from catalog.snapshot import current
from orders.admin.promotion_look import terms_shown
from orders.models import Promotion
from orders.states import PromotionState

MOST_ROWS = 100
MONTH = re.compile(r"^(20\d\d)-(0[1-9]|1[0-2])$")


@dataclass(frozen=True, slots=True)
class Bar:
    """A promotion in a month: its first day there, how many days, and whether it goes on."""

    row: Promotion
    terms: str
    first: int
    days: int
    from_before: bool
    goes_on: bool

    @property
    def x(self) -> int:
        return self.first - 1


def calendar_context(asked: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Context of admin/orders/promotion_calendar.html; `asked` may name month and channel."""
    today = timezone.localtime(now).date()
    first = _month(str(asked.get("month", "")), today)
    count = months.monthrange(first.year, first.month)[1]
    following = first + timedelta(days=count)
    channel = str(asked.get("channel", ""))[:40]
    days = [first + timedelta(days=n) for n in range(count)]
    return {
        "first": first,
        "before": (first - timedelta(days=1)).strftime("%Y-%m"),
        "after": following.strftime("%Y-%m"),
        "days": [(day.day, day.weekday() >= 5, day == today) for day in days],  # noqa: PLR2004
        "count": count,
        "today_x": (today - first).days if first <= today < following else None,
        "bars": _bars(first, following, channel),
        "channel": channel,
        "channels": [(one.code, one.name) for one in current().channels.values()],
    }


def _month(text: str, today: date) -> date:
    found = MONTH.match(text)
    if found is None:
        return today.replace(day=1)
    return date(int(found[1]), int(found[2]), 1)


def _bars(first: date, following: date, channel: str) -> list[Bar]:
    found: list[Bar] = []
    for row in Promotion.objects.order_by("starts_at", "id"):
        if channel and row.channels and channel not in row.channels:
            continue
        start, end = _span(row)
        if start >= following or end < first or len(found) >= MOST_ROWS:
            continue
        shown, last = max(start, first), min(end, following - timedelta(days=1))
        found.append(
            Bar(
                row=row,
                terms=terms_shown(row),
                first=shown.day,
                days=(last - shown).days + 1,
                from_before=start < first,
                goes_on=end >= following,
            )
        )
    return found


def _span(row: Promotion) -> tuple[date, date]:
    """First and last day; what has ended by hand ended on that day."""
    start = timezone.localtime(row.starts_at or row.created_at).date()
    if row.state == PromotionState.ENDED:
        ended = min(row.state_at, row.ends_at) if row.ends_at else row.state_at
        return start, timezone.localtime(ended).date()
    if row.ends_at is None:
        return start, date.max
    return start, timezone.localtime(row.ends_at - timedelta(seconds=1)).date()
