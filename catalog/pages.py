"""Rendering the catalogue's pages: for visitors with gaps that the page cache fills."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from catalog import snapshot
from catalog.page_cache import CSRF_MARK, TOKEN_MARK, Visit
from core.ids import new_token


def level_of(request: HttpRequest) -> int:
    """The member level whose prices a page shows; 0 for visitors, whose pages are shared."""
    if getattr(request, "is_visitor", False) or not request.user.is_authenticated:
        return 0
    return request.user.level


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    now: datetime,
    shared: bool = True,
) -> HttpResponse:
    """A page of the catalogue. `shared` pages hold nothing of the visitor and may be kept.

    Every page gets `form_token`, the key by which a double click makes one order.
    """
    held = snapshot.current()
    visitor = shared and getattr(request, "is_visitor", False)
    own = (
        {"form_token": TOKEN_MARK, "csrf_token": CSRF_MARK}
        if visitor
        else {"form_token": new_token()}
    )
    response = render(request, template, {**context, **own})
    response["Cache-Control"] = "private, no-cache"
    if visitor:
        response.visit = Visit(held.version, held.next_edge(now))  # type: ignore[attr-defined]
    return response
