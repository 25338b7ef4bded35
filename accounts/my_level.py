"""A person's own level page: what I have, what is missing, what levels give, how it came about."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.levels import RIGHTS, level_of
from accounts.models import GrowthEntry, MemberDay, MemberLevel, Membership, User
from accounts.services.settle_levels import earned_in_period

HISTORY = 20


@dataclass(frozen=True, slots=True)
class LevelShown:
    """A level in the reader's language; `state` is past, now or ahead."""

    rank: int
    name: str
    hue: int
    growth: int
    state: str
    rights: tuple[str, ...]


def standing_shown(user: User, *, now: datetime, page: str) -> dict[str, Any]:
    """What accounts/level.html names in its first lines."""
    rank = level_of(user.pk)
    held = Membership.objects.filter(user=user).first()
    rows = list(MemberLevel.objects.filter(is_active=True).order_by("rank"))
    levels = _levels(rows, rank)
    growth = held.growth if held else 0
    ahead = next((one for one in levels if one.rank > rank and one.growth > growth), None)
    entries = GrowthEntry.objects.filter(user=user).order_by("-id")
    return {
        "level": next((one for one in levels if one.rank == rank), None),
        "levels": levels,
        "growth": growth,
        "next": ahead,
        "missing": ahead.growth - growth if ahead else 0,
        "days": _days(rank),
        "history": Paginator(entries, HISTORY).get_page(page),
        **_validity(held, rows, now),
    }


def _levels(rows: list[MemberLevel], rank: int) -> list[LevelShown]:
    english = (get_language() or "").startswith("en")
    given: dict[int, list[str]] = {}
    for ask in RIGHTS:
        for one, sentences in ask().items():
            given.setdefault(one, []).extend(sentences)
    return [
        LevelShown(
            row.rank,
            row.name_en if english else row.name,
            row.hue // 5 * 5,
            row.growth_needed,
            "now" if row.rank == rank else "past" if row.rank < rank else "ahead",
            (*given.get(row.rank, ()), *_rights(row)),
        )
        for row in rows
    ]


def _rights(row: MemberLevel) -> list[str]:
    """What the level's own row gives."""
    found = []
    if row.early_hours:
        text = ngettext(
            "Buys new goods %(n)s hour before everybody else",
            "Buys new goods %(n)s hours before everybody else",
            row.early_hours,
        )
        found.append(text % {"n": row.early_hours})
    if row.service_queue:
        found.append(_("A queue of its own at customer service"))
    return found


def _days(rank: int) -> list[dict[str, str]]:
    """Member days that are for this level."""
    english = (get_language() or "").startswith("en")
    rows = MemberDay.objects.filter(is_active=True, from_rank__lte=rank).order_by("id")
    return [
        {"name": day.name_en if english else day.name, "when": _when(day), "gain": _gain(day)}
        for day in rows
    ]


def _when(day: MemberDay) -> str:
    if day.month_day is not None:
        return _("Every month on day %(day)s") % {"day": day.month_day}
    names = (
        _("Every Monday"), _("Every Tuesday"), _("Every Wednesday"), _("Every Thursday"),
        _("Every Friday"), _("Every Saturday"), _("Every Sunday"),
    )  # fmt: skip
    return names[(day.weekday or 1) - 1]


def _gain(day: MemberDay) -> str:
    if day.growth_bp <= 10_000:  # noqa: PLR2004  once
        return ""
    return _("growth ×%(times)s") % {"times": f"{day.growth_bp / 10_000:g}"}


def _validity(held: Membership | None, rows: list[MemberLevel], now: datetime) -> dict[str, Any]:
    """Until when the level holds and what keeps it; nothing for a level that takes no growth."""
    level = next((row for row in rows if held and row.rank == held.rank), None)
    if held is None or held.ends_at is None or level is None:
        return {"ends_at": None, "keep": 0, "earned": 0, "grace_until": None}
    over = held.ends_at <= now
    return {
        "ends_at": held.ends_at,
        "keep": level.growth_needed,
        "earned": min(earned_in_period(held), level.growth_needed),
        "grace_until": held.ends_at + timedelta(days=level.grace_days) if over else None,
    }
