"""Pages made of blocks: home, campaigns, and an operator's preview."""

from datetime import datetime

from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from accounts.middleware import to_set_up
from accounts.queries import lacks_second_factor
from catalog.blocks import BLOCK_KINDS, Block, Moment
from catalog.offers import ChannelView
from catalog.pages import render_page
from catalog.queries import blocks_of, channel_by_code
from core import clock

HOME = "home"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The channel's home page."""
    now = clock.now()
    blocks = built_blocks(request.channel, HOME, now)  # type: ignore[attr-defined]
    return render_page(request, "catalog/home.html", {"blocks": blocks, "page": HOME}, now=now)


@require_safe
def campaign(request: HttpRequest, page: str) -> HttpResponse:
    """A campaign page; 404 while none of its blocks shows."""
    now = clock.now()
    blocks = built_blocks(request.channel, page, now)  # type: ignore[attr-defined]
    if not blocks:
        raise Http404
    return render_page(request, "catalog/home.html", {"blocks": blocks, "page": page}, now=now)


@staff_member_required
@require_safe
def preview(request: HttpRequest, page: str) -> HttpResponse:
    """A page as it will look in `?channel=` at `?at=` (a moment with its time zone)."""
    if lacks_second_factor(request.user):
        return to_set_up(request)
    channel = channel_by_code(request.GET.get("channel", "")) or request.channel  # type: ignore[attr-defined]
    at = parse_datetime(request.GET.get("at", "").replace(" ", "+")) or clock.now()
    if at.tzinfo is None:
        raise Http404
    context = {"blocks": built_blocks(channel, page, at), "page": page, "preview_at": at}
    return render_page(request, "catalog/home.html", context, now=at, shared=False)


def built_blocks(channel: ChannelView, page: str, now: datetime) -> list[Block]:
    """The blocks of a page with what they show; kinds that nobody knows any more are left out."""
    language = get_language() or ""
    moment = Moment(channel, language, now)
    found = []
    for row in blocks_of(channel, page, now):
        kind = BLOCK_KINDS.find(row.kind)
        content = kind.build(row.params, moment) if kind else None
        if kind is None or content is None:
            continue
        title = row.title_en if language.startswith("en") and row.title_en else row.title
        found.append(Block(row.public_id, row.kind, kind.template, title, content))
    return found
