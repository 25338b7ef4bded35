"""A page's blocks with what they show at a moment."""

from datetime import datetime

from django.utils.translation import get_language

from catalog.blocks.base import BLOCK_KINDS, Block, Moment
from catalog.offers import ChannelView
from catalog.queries import blocks_on


def built_blocks(
    page_id: int, channel: ChannelView, now: datetime, *, level: int = 0
) -> list[Block]:
    """What shows of a page to a member level; kinds that nobody knows any more are left out."""
    language = get_language() or ""
    moment = Moment(channel, language, now, level)
    found = []
    for row in blocks_on(page_id):
        kind = BLOCK_KINDS.find(row.kind) if row.shows(now) else None
        content = kind.build(row.params, moment) if kind else None
        if kind is None or content is None:
            continue
        title = row.title_en if language.startswith("en") and row.title_en else row.title
        found.append(
            Block(row.public_id, row.kind, kind.template, title, content, is_live=kind.is_live)
        )
    return found
