"""What a visitor looked at last: a fragment for blocks, and a page of its own."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from catalog.faces import product_card
from catalog.offers import ChannelView, ProductPage
from catalog.pages import render_page
from catalog.queries import product_page
from catalog.viewed import MOST, forget_seen, seen_slugs
from core import clock


@require_safe
def viewed(request: HttpRequest) -> HttpResponse:
    """The cards alone for a block (204 when there are none), else a page with them."""
    now = clock.now()
    channel: ChannelView = request.channel  # type: ignore[attr-defined]
    live = bool(getattr(request, "htmx", False))
    pages = [product_page(slug, channel, now) for slug in seen_slugs(request)]
    limit = request.GET.get("limit", "")
    most = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 3 else MOST  # noqa: PLR2004  two digits
    shown = [page for page in pages if page is not None and _can_be_shown(page)][:most]
    if live and not shown:
        response = HttpResponse(status=204)
    else:
        cards = [product_card(page, get_language() or "") for page in shown]
        template = "catalog/_viewed.html" if live else "catalog/viewed.html"
        response = render_page(request, template, {"cards": cards}, now=now, shared=False)
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Empty it: the block goes, the page says so."""
    if getattr(request, "htmx", False):
        response = HttpResponse(status=204)
    else:
        response = HttpResponseRedirect(reverse("catalog:viewed"))
    forget_seen(response)
    return response


def _can_be_shown(page: ProductPage) -> bool:
    return page.sellable and page.lowest is not None
