"""A page is set live, or taken back to draft."""

from datetime import datetime

from django.utils.translation import gettext as _

from catalog.models import HOME, Page
from catalog.services.copy_page import PageRefused
from catalog.services.record_edit import record_edit
from catalog.states import PageState
from core.tx import part


@part
def open_page(*, page_id: int, live: bool, now: datetime, acting: str) -> bool:
    """Set a page live (visitors see it between its dates) or back to draft; whether that changed it.

    Raises PageRefused for a page without a visible block, and for shutting a home page.
    """
    page = Page.objects.select_for_update().get(pk=page_id)
    to = PageState.LIVE if live else PageState.DRAFT
    if page.state == to:
        return False
    if page.slug == HOME:
        raise PageRefused(_("The home page is always open."))
    if live and not page.blocks.filter(is_visible=True).exists():
        raise PageRefused(_("Nothing would show: add a block first."))
    Page.objects.filter(pk=page_id).update(state=to)
    record_edit(
        subject=f"page:{page.public_id}", changed={"state": to.value}, now=now, acting=acting
    )
    return True
