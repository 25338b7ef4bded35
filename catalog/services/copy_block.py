"""A second block like the first, right below it."""

from datetime import datetime

from catalog.models import Page, PageBlock
from catalog.services.place_block import place_block
from catalog.services.save_block import Frame, save_block
from core.tx import part


@part
def copy_block(*, page_id: int, block: str, now: datetime, acting: str) -> PageBlock:
    """Copy a block of the page with its dates and settings; hidden, until an operator shows it.

    Raises BlockRefused as `save_block` does, PageBlock.DoesNotExist for another page's block.
    """
    page = Page.objects.select_for_update().get(pk=page_id)
    rows = list(page.blocks.order_by("position", "id"))
    place = next((n for n, row in enumerate(rows) if row.public_id == block), None)
    if place is None:
        raise PageBlock.DoesNotExist
    first = rows[place]
    frame = Frame(first.title, first.title_en, False, first.starts_at, first.ends_at)
    made = save_block(
        page_id=page_id, kind=first.kind, frame=frame, params=first.params, now=now, acting=acting
    )
    place_block(page_id=page_id, block=made.public_id, to=place + 1, now=now, acting=acting)
    made.refresh_from_db()
    return made
