"""The front page of the back office, as sockets: floors hang in figures, tasks and panels.

Every statement must stay cheap whatever the tables grow to: an index, or a walk back over the primary
key to where the day began.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import connection
from django.utils import timezone
from django.utils.functional import Promise

from core.money import format_minor
from core.sockets import Socket

DAY = timedelta(days=1)


class Reader(Protocol):
    """Who looks at the page."""

    def has_perm(self, perm: str, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of today beside that of yesterday up to the same hour.

    `sql` gives (today, yesterday so far); it may use %(now)s, %(today)s, %(then)s (this hour of
    yesterday) and %(yesterday)s. With `currency` the numbers are minor units of it.
    """

    title: str | Promise
    sql: str
    perm: str
    link: str = ""
    currency: str = ""
    place: int = 50


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits for a person: `sql` gives its count; `link` is where it is done."""

    title: str | Promise
    sql: str
    perm: str
    link: str
    grave: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """A piece of the page with a template of its own; `load(now)` gives its context, None hides it."""

    title: str | Promise
    template: str
    load: Callable[[datetime], Mapping[str, Any] | None]
    perm: str
    wide: bool = False


@dataclass(frozen=True, slots=True)
class FigureShown:
    title: str | Promise
    text: str
    before: str
    more: bool | None
    link: str


@dataclass(frozen=True, slots=True)
class TaskShown:
    title: str | Promise
    count: int
    grave: bool
    link: str


@dataclass(frozen=True, slots=True)
class PanelShown:
    title: str | Promise
    template: str
    context: Mapping[str, Any]
    wide: bool


FIGURES: Socket[Figure] = Socket("desk figures")
TASKS: Socket[Task] = Socket("desk tasks")
PANELS: Socket[Panel] = Socket("desk panels")


def figures(reader: Reader, *, now: datetime) -> list[FigureShown]:
    """Today's numbers that this reader may see."""
    chosen = sorted(FIGURES, key=lambda each: each.place)
    return [_figure(each, now) for each in chosen if reader.has_perm(each.perm)]


def tasks(reader: Reader, *, now: datetime) -> list[TaskShown]:
    """What waits, the grave first, then what there is most of; tasks without anything come last."""
    shown = [
        TaskShown(each.title, int(_row(each.sql, now)[0]), each.grave, each.link)
        for each in TASKS
        if reader.has_perm(each.perm)
    ]
    return sorted(shown, key=lambda task: (not task.count, not task.grave))


def panels(reader: Reader, *, now: datetime) -> list[PanelShown]:
    """The panels that this reader may see and that have something to show."""
    found = [(each, each.load(now)) for each in PANELS if reader.has_perm(each.perm)]
    return [
        PanelShown(each.title, each.template, context, each.wide)
        for each, context in found
        if context is not None
    ]


def day_began(now: datetime) -> datetime:
    """Midnight of this day where the shop is."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def _figure(each: Figure, now: datetime) -> FigureShown:
    today, before = (int(value or 0) for value in _row(each.sql, now))
    more = None if today == before else today > before
    return FigureShown(each.title, _text(today, each), _text(before, each), more, each.link)


def _text(value: int, each: Figure) -> str:
    return format_minor(value, each.currency) if each.currency else f"{value:,}"


def _row(sql: str, now: datetime) -> tuple[Any, ...]:
    today = day_began(now)
    times = {"now": now, "today": today, "then": now - DAY, "yesterday": today - DAY}
    with connection.cursor() as cursor:
        cursor.execute(sql, times)
        found: tuple[Any, ...] = cursor.fetchone()
    return found
