"""A page like another: next year's campaign, or the same one in another channel."""

from datetime import datetime

from django.utils.translation import gettext as _

from catalog.models import HOME, Page, PageBlock
from catalog.services.record_edit import record_edit
from catalog.states import PageState
from core.ids import new_id
from core.tx import part


class PageRefused(ValueError):
    """This page cannot be made or opened; the message is translated and says why."""


@part
def copy_page(*, page_id: int, slug: str, channel_id: int, now: datetime, acting: str) -> Page:
    """Copy a page with its blocks and their dates; the copy is a draft (a home page is open).

    Raises PageRefused when the channel has a page at that address already.
    """
    first = Page.objects.select_for_update().get(pk=page_id)
    if Page.objects.filter(channel_id=channel_id, slug=slug).exists():
        raise PageRefused(_("This channel has a page at this address already."))
    is_home = slug == HOME
    made = Page.objects.create(
        channel_id=channel_id,
        slug=slug,
        title=first.title,
        title_en=first.title_en,
        description=first.description,
        description_en=first.description_en,
        hue=first.hue,
        state=PageState.LIVE if is_home else PageState.DRAFT,
        starts_at=None if is_home else first.starts_at,
        ends_at=None if is_home else first.ends_at,
    )
    blocks = list(first.blocks.order_by("position", "id"))
    for row in blocks:
        row.pk, row.page, row.public_id = None, made, new_id("blk")
    PageBlock.objects.bulk_create(blocks)
    record_edit(
        subject=f"page:{made.public_id}",
        changed={"copied from": first.public_id, "blocks": len(blocks)},
        now=now,
        acting=acting,
    )
    return made
