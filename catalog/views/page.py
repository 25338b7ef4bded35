"""Pages made of blocks: home and campaigns."""

from datetime import datetime
from http import HTTPStatus

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog.blocks.base import Block
from catalog.blocks.build import built_blocks
from catalog.models import HOME
from catalog.offers import ChannelView
from catalog.pages import level_of, render_page
from catalog.queries import page_row
from catalog.snapshot import PageRow
from core import clock


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The channel's home page; a channel without one says that it is being set up."""
    now = clock.now()
    channel: ChannelView = request.channel  # type: ignore[attr-defined]
    row = page_row(channel, HOME)
    blocks = built_blocks(row.id, channel, now, level=level_of(request)) if row is not None else []
    return render_page(request, "catalog/home.html", page_context(row, blocks), now=now)


@require_safe
def campaign(request: HttpRequest, page: str) -> HttpResponse:
    """A campaign's page; 404 while it is shut or none of its blocks shows, 410 once it is over."""
    now = clock.now()
    channel: ChannelView = request.channel  # type: ignore[attr-defined]
    row = page_row(channel, page)
    if row is None or row.slug == HOME:
        raise Http404
    if row.is_over(now):
        return _over(request)
    level = level_of(request)
    blocks = built_blocks(row.id, channel, now, level=level) if row.is_open(now) else []
    if not blocks:
        raise Http404
    return render_page(request, "catalog/home.html", page_context(row, blocks), now=now)


def page_context(
    row: PageRow | None, blocks: list[Block], *, preview_at: datetime | None = None
) -> dict[str, object]:
    """What catalog/home.html reads."""
    english = (get_language() or "").startswith("en")
    is_home = row is None or row.slug == HOME
    title = description = ""
    if row is not None:
        title = (row.title_en if english else "") or row.title
        description = (row.description_en if english else "") or row.description
    return {
        "is_home": is_home,
        "title": title,
        "description": description,
        "hue": None if row is None or row.hue is None else row.hue % 360 // 5 * 5,
        "canonical": "" if is_home or row is None else _canonical(row),
        "has_opening": any(block.kind == "hero" for block in blocks),
        "is_live": any(block.is_live for block in blocks),
        "blocks": blocks,
        "preview_at": preview_at,
    }


def _canonical(row: PageRow) -> str:
    return str(settings.SITE_URL) + reverse("catalog:page", args=[row.slug])


def _over(request: HttpRequest) -> HttpResponse:
    context = {
        "title": _("This campaign is over"),
        "text": _("What it offered has ended. The shop is open as ever."),
        "url": reverse("catalog:home"),
        "label": _("To the shop"),
    }
    return render(request, "catalog/closed.html", context, status=HTTPStatus.GONE)
