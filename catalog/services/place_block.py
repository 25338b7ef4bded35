"""The order of a page's blocks: one block to a place, or some places up or down."""

from datetime import datetime

from catalog.models import Page, PageBlock
from catalog.services.record_edit import record_edit
from core.tx import part


@part
def place_block(
    *,
    page_id: int,
    block: str,
    now: datetime,
    acting: str,
    to: int | None = None,
    steps: int = 0,
) -> int:
    """Put the block at the place `to` (0 is the top), or move it by `steps`; returns its place.

    Places beyond the ends are the ends. The page is locked, so of two operators each moves what
    the other left. Raises PageBlock.DoesNotExist for a block of another page.
    """
    page = Page.objects.select_for_update().get(pk=page_id)
    rows = list(page.blocks.order_by("position", "id"))
    place = next((n for n, row in enumerate(rows) if row.public_id == block), None)
    if place is None:
        raise PageBlock.DoesNotExist
    goal = max(0, min(len(rows) - 1, place + steps if to is None else to))
    if goal != place:
        rows.insert(goal, rows.pop(place))
    for n, row in enumerate(rows):
        row.position = n
    PageBlock.objects.bulk_update(rows, ["position"])
    if goal != place:
        record_edit(
            subject=f"page:{page.public_id}",
            changed={"block": block, "place": f"{place + 1} → {goal + 1}"},
            now=now,
            acting=acting,
        )
    return goal
