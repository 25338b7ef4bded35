"""A page as it will look: for staff, by a key that ends, at any moment, in any channel."""

from datetime import datetime, timedelta
from http import HTTPStatus

from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.middleware import to_set_up
from accounts.queries import lacks_second_factor
from catalog.blocks.build import built_blocks
from catalog.blocks.forms import parse_moment
from catalog.offers import ChannelView
from catalog.pages import render_page
from catalog.preview import opened_page
from catalog.queries import channel_by_code, channels, page_by_id
from catalog.snapshot import aside
from catalog.views.page import page_context
from core import clock

FURTHEST = timedelta(days=3650)


@staff_member_required
@require_safe
def preview(request: HttpRequest, page: str) -> HttpResponse:
    """A page, open or not, as it looks at `?at=` in `?channel=`; `?key=` says that one may look."""
    if lacks_second_factor(request.user):
        return to_set_up(request)
    now = clock.now()
    who = request.user.public_id  # type: ignore[union-attr]
    opened = opened_page(request.GET.get("key", ""), by=who, now=now)
    if opened is None:
        return _key_is_over(request)
    with aside():
        row = page_by_id(opened)
        if row is None or row.slug != page:
            raise Http404
        own = next((one for one in channels() if one.id == row.channel_id), None)
        channel = channel_by_code(request.GET.get("channel", "")) or own
        if channel is None:
            raise Http404
        at = _moment(request.GET.get("at", ""), now)
        return _shown(request, row, channel, at)


def _shown(request: HttpRequest, row: object, channel: ChannelView, at: datetime) -> HttpResponse:
    blocks = built_blocks(row.id, channel, at)  # type: ignore[attr-defined]
    context = {
        **page_context(row, blocks, preview_at=at),  # type: ignore[arg-type]
        "is_open": row.is_open(at),  # type: ignore[attr-defined]
        "key": request.GET.get("key", ""),
        "channels": channels(),
        "chosen": channel,
    }
    response = render_page(request, "catalog/home.html", context, now=at, shared=False)
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


def _moment(text: str, now: datetime) -> datetime:
    """The moment asked for, within ten years of now; now when it is none."""
    at = parse_moment(text.replace(" ", "+"))
    return at if at is not None and abs(at - now) < FURTHEST else now


def _key_is_over(request: HttpRequest) -> HttpResponse:
    context = {
        "title": _("This preview is over"),
        "text": _("A preview opens for two hours, to whoever asked for it. Open it again."),
        "url": reverse("admin:catalog_page_changelist"),
        "label": _("To the pages"),
    }
    return render(request, "catalog/closed.html", context, status=HTTPStatus.FORBIDDEN)
