"""Lists of products: a category, everything, and what a search finds."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog.faces import product_card
from catalog.forms import ListForm
from catalog.offers import ChannelView
from catalog.pages import level_of, render_page
from catalog.queries import categories, on_sale, page_row
from catalog.search.find import Filters, Found, find
from core import clock


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """One category, with filters and order."""
    row = next((row for row in categories() if row.slug == slug), None)
    if row is None:
        return _to_campaign(request, slug)
    english = (get_language() or "").startswith("en")
    title = row.name_en if english else row.name
    return _list(request, {"title": title, "here": slug}, fixed={"category": slug})


def _to_campaign(request: HttpRequest, slug: str) -> HttpResponse:
    """No category is called so; a campaign may be, and posters say its shorter address."""
    row = page_row(request.channel, slug)  # type: ignore[attr-defined]
    if row is None or not row.is_open(clock.now()):
        raise Http404
    return HttpResponseRedirect(reverse("catalog:page", args=[slug]))


@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    """All that is on sale."""
    return _list(request, {"title": _("Everything"), "here": ""})


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What a search finds; a live request gets the list alone."""
    return _list(request, {"title": _("Search"), "is_search": True}, template="catalog/search.html")


def _list(
    request: HttpRequest,
    context: dict[str, Any],
    *,
    fixed: dict[str, str] | None = None,
    template: str = "catalog/category.html",
) -> HttpResponse:
    now = clock.now()
    channel: ChannelView = request.channel  # type: ignore[attr-defined]
    form = ListForm(request.GET)
    chosen = form.chosen()
    filters = Filters(**{**chosen.filters, **(fixed or {})})
    level = level_of(request)
    found = find(chosen.query, filters, channel=channel, now=now, page=chosen.page, level=level)
    language = get_language() or ""
    live = bool(getattr(request, "htmx", False)) and request.htmx.target == "found"  # type: ignore[attr-defined]
    response = render_page(
        request,
        "catalog/_found.html" if live else template,
        {
            **context,
            "q": chosen.query,
            "filters": filters,
            "found": found,
            "cards": [product_card(item, language) for item in found.items],
            "brands": _brands(found, language),
            "categories": _categories(channel, now, language),
            "sorts": _sorts(chosen.filters["sort"], chosen.kept(), is_search=bool(chosen.query)),
            "query": urlencode(chosen.kept()),
            "pages": _pages(found),
        },
        now=now,
        # A bare list is one page; a search or a filter is one of endless many.
        shared=not request.GET and not live,
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


def _brands(found: Found, language: str) -> list[tuple[str, str]]:
    english = language.startswith("en")
    return [(slug, name_en if english else name) for slug, name, name_en in found.brands]


def _categories(channel: ChannelView, now: datetime, language: str) -> list[tuple[str, str]]:
    english = language.startswith("en")
    filled = {page.category_slug for page in on_sale(channel, now)}
    rows = [row for row in categories() if row.slug in filled]
    return [(row.slug, row.name_en if english else row.name) for row in rows]


def _sorts(chosen: str, kept: dict[str, str], *, is_search: bool) -> list[dict[str, Any]]:
    titles = {
        "": _("Best match") if is_search else _("Featured"),
        "hot": _("Popular"),
        "new": _("Newest"),
        "price": _("Price, low first"),
        "-price": _("Price, high first"),
    }
    return [
        {
            "value": value,
            "title": title,
            "chosen": value == chosen,
            "query": urlencode(
                {**kept, "sort": value} if value else {k: v for k, v in kept.items() if k != "sort"}
            ),
        }
        for value, title in titles.items()
    ]


def _pages(found: Found) -> dict[str, Any]:
    """What parts/pagination.html reads of a Django page."""
    return {
        "has_other_pages": found.pages > 1,
        "has_previous": found.page > 1,
        "has_next": found.page < found.pages,
        "previous_page_number": found.page - 1,
        "next_page_number": found.page + 1,
        "number": found.page,
        "paginator": {"num_pages": found.pages},
    }
