"""The rules in force: the table in code, corrected by operators' settings, held per process."""

from dataclasses import dataclass, replace

from core.cache import Versioned, bump
from risk.models import ListEntry, RuleSetting
from risk.rules.base import Standing
from risk.rules.table import STANDING

CACHE = "risk.rules"


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Standing rules by point, and the lengths of the networks that are on any list."""

    points: dict[str, tuple[Standing, ...]]
    prefixes: tuple[int, ...]


def _load() -> Rulebook:
    settings = {row.key: row for row in RuleSetting.objects.all()}
    points: dict[str, list[Standing]] = {}
    for standing in STANDING:
        row = settings.get(standing.key)
        if row is not None:
            known = {k: v for k, v in row.parameters.items() if k in standing.parameters}
            standing = replace(  # noqa: PLW2901  the corrected one takes its place
                standing,
                parameters={**standing.parameters, **known},
                enabled=row.enabled,
                dry_run=row.dry_run,
            )
        if standing.enabled:
            points.setdefault(standing.point, []).append(standing)
    prefixes = (
        ListEntry.objects.filter(removed_at__isnull=True, prefix__gt=0)
        .order_by("prefix")
        .values_list("prefix", flat=True)
        .distinct()
    )
    return Rulebook({point: tuple(found) for point, found in points.items()}, tuple(prefixes))


_book = Versioned(CACHE, _load)


def rulebook() -> Rulebook:
    """What stands now, at most a second old; no statement when warm."""
    return _book.get()


def changed() -> None:
    """Settings or networks changed: every process loads them again."""
    bump(CACHE)
    _book.forget()


def forget() -> None:
    """Drop what this process holds (between tests)."""
    _book.forget()
