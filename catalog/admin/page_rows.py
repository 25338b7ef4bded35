"""What the screen of a page lists: its blocks with their marks, and the kinds that can be added."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.blocks.base import BLOCK_KINDS, Moment
from catalog.models import Page, PageBlock
from catalog.offers import ChannelView
from catalog.queries import channels
from catalog.snapshot import is_between
from catalog.states import PageState

UNKNOWN = "help"


@dataclass(frozen=True, slots=True)
class Mark:
    """A state as a word and a tone of Unfold's labels."""

    word: str
    tone: str


@dataclass(frozen=True, slots=True)
class BlockLine:
    """A block as the list shows it; `forms` are those of the block that is open."""

    id: str
    icon: str
    kind: str
    title: str
    mark: Mark
    dates: str
    is_first: bool
    is_last: bool
    forms: tuple[Any, Any] | None
    autofocus: str


def block_lines(
    page: Page,
    now: datetime,
    *,
    opened: str = "",
    forms: tuple[Any, Any] | None = None,
    moved: str = "",
    way: str = "",
) -> list[BlockLine]:
    """The blocks in their order. `moved` is the one whose button `way` is to be under the hand again."""
    rows: Sequence[PageBlock] = list(page.blocks.order_by("position", "id"))
    channel = next((one for one in channels() if one.id == page.channel_id), None)
    found = []
    for place, row in enumerate(rows):
        kind = BLOCK_KINDS.find(row.kind)
        title = str(kind.title) if kind else row.kind
        found.append(
            BlockLine(
                id=row.public_id,
                icon=kind.icon if kind else UNKNOWN,
                kind=title,
                title=_in_language(row.title, row.title_en),
                mark=block_mark(row, now, channel),
                dates=dates(row.starts_at, row.ends_at),
                is_first=place == 0,
                is_last=place == len(rows) - 1,
                forms=forms if row.public_id == opened else None,
                autofocus=way if row.public_id == moved else "",
            )
        )
    return found


def block_mark(row: PageBlock, now: datetime, channel: ChannelView | None) -> Mark:
    """Whether a block shows at that moment, as far as the block goes."""
    kind = BLOCK_KINDS.find(row.kind)
    if kind is None:
        return Mark(_("Unknown kind"), "danger")
    if not row.is_visible:
        return Mark(_("Hidden"), "")
    is_on = is_between(now, row.starts_at, row.ends_at)
    if is_on and channel and kind.build(row.params, Moment(channel, "", now)) is None:
        return Mark(_("Nothing to show"), "warning")
    return _dated(row.starts_at, row.ends_at, now)


def page_mark(page: Page, now: datetime) -> Mark:
    """Whether visitors see a page at that moment."""
    if page.state != PageState.LIVE:
        return Mark(str(page.get_state_display()), "warning")
    return _dated(page.starts_at, page.ends_at, now)


def dates(starts: datetime | None, ends: datetime | None) -> str:
    """From when to when, in the shop's time zone; nothing when it is always."""
    if starts is None and ends is None:
        return ""
    return f"{_spell(starts)} – {_spell(ends)}".strip()


def _in_language(text: str, english: str) -> str:
    return english if english and (get_language() or "").startswith("en") else text or english


def _dated(starts: datetime | None, ends: datetime | None, now: datetime) -> Mark:
    if is_between(now, starts, ends):
        return Mark(_("Live"), "success")
    return Mark(_("Over"), "") if ends is not None and ends <= now else Mark(_("Soon"), "info")


def _spell(moment: datetime | None) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M") if moment else ""
