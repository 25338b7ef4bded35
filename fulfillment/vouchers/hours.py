"""At which hours of which days a voucher counts. Pure; times are those of the shop's time zone."""

from datetime import datetime, time, timedelta

EVERY_DAY = "1234567"
_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


def counts_at(
    local: datetime, *, weekdays: str, opens_at: time | None, closes_at: time | None
) -> bool:
    """Whether a voucher counts at this local moment; the end itself is outside.

    Hours that end before they start run into the next day and belong to the day they start on.
    """
    day, moment = local, local.time()
    if opens_at is not None and closes_at is not None:
        if opens_at < closes_at:
            if not opens_at <= moment < closes_at:
                return False
        elif moment < closes_at:
            day = local - timedelta(days=1)
        elif moment < opens_at:
            return False
    return str(day.isoweekday()) in weekdays


def in_words(*, weekdays: str, opens_at: time | None, closes_at: time | None, english: bool) -> str:
    """The hours as a clerk reads them: "Mon to Fri 09:00–17:00", "周一至周五 09:00–17:00"."""
    parts = []
    if set(weekdays) != set(EVERY_DAY):
        parts.append(_days(sorted({int(day) for day in weekdays}), english=english))
    if opens_at is not None and closes_at is not None:
        parts.append(f"{opens_at:%H:%M}–{closes_at:%H:%M}")
    if not parts:
        return "at any time" if english else "随时"
    return " ".join(parts)


def _days(days: list[int], *, english: bool) -> str:
    names = _EN if english else _ZH
    unbroken = len(days) > 2 and days == list(range(days[0], days[-1] + 1))  # noqa: PLR2004  a range
    if unbroken:
        return f"{names[days[0] - 1]}{' to ' if english else '至'}{names[days[-1] - 1]}"
    return (", " if english else "、").join(names[day - 1] for day in days)
