"""A block of a page: written with settings that its kind has checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from catalog.blocks.base import BLOCK_KINDS
from catalog.models import Page, PageBlock
from catalog.services.record_edit import record_edit
from core.tx import part

MOST_BLOCKS = 40


class BlockRefused(ValueError):
    """This cannot stand on the page; the message is translated and says why."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What every kind of block has: titles, and when it shows. Moments are aware; None is no bound."""

    title: str = ""
    title_en: str = ""
    is_visible: bool = True
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@part
def save_block(
    *,
    page_id: int,
    kind: str,
    frame: Frame,
    params: Mapping[str, Any],
    now: datetime,
    acting: str,
    block: str = "",
) -> PageBlock:
    """Write a block of the page: the one with the public id `block`, or a new one at the end.

    Raises BlockRefused for a kind nobody knows, settings that its form refuses, dates that end
    before they begin and a page that is full; PageBlock.DoesNotExist for another page's block.
    """
    page = Page.objects.select_for_update().get(pk=page_id)
    checked = _checked(kind, params)
    if frame.starts_at and frame.ends_at and frame.starts_at >= frame.ends_at:
        raise BlockRefused(_("It ends before it begins."))
    if block:
        row = page.blocks.get(public_id=block, kind=kind)
    else:
        row = PageBlock(page=page, kind=kind, position=_next_position(page))
    for name in ("title", "title_en", "is_visible", "starts_at", "ends_at"):
        setattr(row, name, getattr(frame, name))
    row.params = checked
    row.save()
    record_edit(
        subject=f"page:{page.public_id}",
        changed={"block": row.public_id, "kind": kind, "title": row.title, "settings": checked},
        now=now,
        acting=acting,
    )
    return row


def _checked(kind: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """What the kind's own form makes of the settings."""
    known = BLOCK_KINDS.find(kind)
    if known is None:
        raise BlockRefused(_("There is no such kind of block."))
    asked = known.form(dict(params))
    if not asked.is_valid():
        label, texts = next(iter(asked.errors.items()))
        raise BlockRefused(
            f"{asked.fields[label].label if label in asked.fields else label}: {texts[0]}"
        )
    return asked.stored()


def _next_position(page: Page) -> int:
    if page.blocks.count() >= MOST_BLOCKS:
        raise BlockRefused(_("A page holds at most %(most)s blocks.") % {"most": MOST_BLOCKS})
    last = page.blocks.aggregate(last=Max("position"))["last"]
    return 0 if last is None else int(last) + 1
