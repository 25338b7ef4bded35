"""Answers of a flash sale that thousands ask for at once: made once, then filled in for each of them.

A visitor's answer costs a few replaced words and no statement. Whoever is signed in gets one of their own.
"""

import re
import secrets
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.html import format_html_join
from django.utils.timezone import localtime
from django.utils.translation import get_language

from core import clock
from orders.forms import LONGEST
from orders.models import FlashSale
from orders.queries.flash import Left
from orders.services.flash.admit_flash import Place
from orders.views.flash_showing import named

CONFLICT, OK = 409, 200
MOST_FIELDS = 24
MOST_KEPT = 200
OURS = frozenset({"csrfmiddlewaretoken", "ticket"})
# Made at start, so that no text of an operator or a visitor can pass for a mark.
MARKS = {
    name: f"{name}{secrets.token_hex(12)}"
    for name in ("csrf", "turn", "clock", "ahead", "ticket", "fields")
}
_GAPS = re.compile("(" + "|".join((*MARKS.values(), 'data-now="[^"]*"')) + ")")
Key = tuple[str, int, str, str, str, str, Left]
_kept: dict[Key, list[str]] = {}


def refusal(request: HttpRequest, sale: FlashSale, units: Left) -> HttpResponse:
    """All taken, said honestly: whether some may come back, or none will."""
    return _answer(request, "orders/flash_gone.html", sale, units, CONFLICT, {})


def full_line(request: HttpRequest, sale: FlashSale, units: Left) -> HttpResponse:
    """So many are in line already that standing in it would be in vain: said at once, not at the end."""
    return _answer(request, "orders/flash_full.html", sale, units, CONFLICT, {})


def wait(request: HttpRequest, sale: FlashSale, place: Place, units: Left) -> HttpResponse:
    """The waiting page: it holds what was typed and comes back by itself, or by a button."""
    given = [pair for pair in list(request.POST.items())[:MOST_FIELDS] if pair[0] not in OURS]
    fields = format_html_join(
        "", '<input type="hidden" name="{}" value="{}">',
        ((name[:40], str(value)[:LONGEST]) for name, value in given),
    )  # fmt: skip
    words = {
        MARKS["turn"]: place.turn.isoformat(),
        MARKS["clock"]: localtime(place.turn).strftime("%H:%M:%S"),
        MARKS["ahead"]: str(place.ahead),
        MARKS["ticket"]: place.ticket,
        MARKS["fields"]: str(fields),
    }
    return _answer(request, "orders/flash_wait.html", sale, units, OK, words)


def forget() -> None:
    """Drop what this process holds: between tests."""
    _kept.clear()


def _answer(
    request: HttpRequest,
    template: str,
    sale: FlashSale,
    units: Left,
    status: int,
    words: Mapping[str, str],
) -> HttpResponse:
    words = {**words, MARKS["csrf"]: get_token(request)}
    stamp = f'data-now="{clock.now().isoformat()}"'
    pieces = list(_pieces(request, template, sale, units))
    for at in range(1, len(pieces), 2):
        pieces[at] = words.get(pieces[at], stamp)
    return HttpResponse("".join(pieces), status=status)


def _pieces(request: HttpRequest, template: str, sale: FlashSale, units: Left) -> list[str]:
    """The page with a mark in every second place."""
    language = get_language() or ""
    name = named(sale, language)
    if settings.SESSION_COOKIE_NAME in request.COOKIES or "messages" in request.COOKIES:
        return _rendered(request, template, sale, name, units)
    host = request.get_host()
    key = (template, sale.pk, name, host, get_script_prefix(), language, units)
    found = _kept.get(key)
    if found is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        found = _kept[key] = _rendered(request, template, sale, name, units)
    return found


def _rendered(
    request: HttpRequest, template: str, sale: FlashSale, name: str, units: Left
) -> list[str]:
    marks: dict[str, Any] = {f"{name}_mark": mark for name, mark in MARKS.items()}
    context = {"sale": sale, "name": name, "units": units, **marks, "csrf_token": MARKS["csrf"]}
    return _GAPS.split(render_to_string(template, context, request))
