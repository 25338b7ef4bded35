"""A block leaves its page."""

from datetime import datetime

from catalog.models import Page
from catalog.services.record_edit import record_edit
from core.tx import part


@part
def remove_block(*, page_id: int, block: str, now: datetime, acting: str) -> None:
    """Take a block off the page; the audit keeps what it was. Raises PageBlock.DoesNotExist."""
    page = Page.objects.select_for_update().get(pk=page_id)
    row = page.blocks.get(public_id=block)
    gone = {"removed": block, "kind": row.kind, "title": row.title, "settings": row.params}
    row.delete()
    record_edit(subject=f"page:{page.public_id}", changed=gone, now=now, acting=acting)
