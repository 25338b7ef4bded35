"""Whole pages for visitors, kept in this process as bytes with gaps for what is theirs alone.

A page is rendered once for each host, language, path and query, with marks where the visitor's
CSRF token, the form token and the time belong. It is valid while the catalogue's version stands
still and no date in the catalogue has come, so a price is right to the second.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware import csrf
from django.urls import ResolverMatch
from django.utils.translation import get_language_from_request

from catalog import snapshot
from core import clock
from core.ids import new_token

MAX_BYTES = 64 * 1024 * 1024
MAX_PAGE_BYTES = 512 * 1024
MAX_LANGUAGE_KEYS = 512
MAX_QUERY = 128
# Made at start, so that no text of an operator can pass for a mark.
CSRF_MARK = "csrf" + secrets.token_hex(12)
TOKEN_MARK = "form" + secrets.token_hex(12)
_NOW = rb'data-now="[^"]*"'
_GAPS = re.compile(b"(" + b"|".join((CSRF_MARK.encode(), TOKEN_MARK.encode(), _NOW)) + b")")
_NOT_KEPT = frozenset({"set-cookie", "content-length", "date", "connection"})

# Django's own, so that its middleware knows what we hand out; the stubs leave them out.
_new_secret: Any = csrf._get_new_csrf_string
_masked: Any = csrf._mask_cipher_secret  # type: ignore[attr-defined]

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Visit:
    """What a view says of a page made for visitors: version of the catalogue, and until when."""

    version: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered page: its pieces, every second one a gap, and its headers."""

    version: int
    until: datetime | None
    pieces: tuple[bytes, ...]
    headers: tuple[tuple[str, str], ...]
    match: ResolverMatch | None
    size: int

    def is_fresh(self, version: int, now: datetime) -> bool:
        return self.version == version and (self.until is None or now < self.until)


_pages: dict[Key, Page] = {}
_held_bytes = 0
_languages: dict[tuple[str, str], str] = {}


def key_of(request: HttpRequest) -> Key | None:
    """The key of a page that a visitor may share, or None for whoever has something of his own."""
    if request.method != "GET":
        return None
    meta, cookies = request.META, request.COOKIES
    if settings.SESSION_COOKIE_NAME in cookies or "messages" in cookies:
        return None
    query = meta.get("QUERY_STRING", "")
    if len(query) > MAX_QUERY or "HTTP_AUTHORIZATION" in meta:
        return None
    # The whole path, with the prefix that may have named the channel.
    return (meta.get("HTTP_HOST", ""), _language(request), request.path, query)


def answer(key: Key, request: HttpRequest) -> HttpResponse | None:
    """The visitor's own copy of a kept page, if there is a fresh one."""
    page = _pages.get(key)
    if page is None or not page.is_fresh(snapshot.current_version(), clock.now()):
        return None
    return _copy(page, request)


def keep(key: Key, request: HttpRequest, response: HttpResponse, visit: Visit) -> HttpResponse:
    """Keep a page that a view made for visitors, and give this visitor his own copy."""
    page = Page(
        version=visit.version,
        until=visit.until,
        pieces=tuple(_GAPS.split(response.content)),
        headers=tuple((k, v) for k, v in response.items() if k.lower() not in _NOT_KEPT),
        match=request.resolver_match,
        size=len(response.content),
    )
    if page.size <= MAX_PAGE_BYTES:
        _store(key, page)
    own = _copy(page, request)
    for name, morsel in response.cookies.items():
        own.cookies[name] = morsel
    return own


def forget() -> None:
    """Drop all pages: between tests."""
    global _held_bytes  # noqa: PLW0603  one cache per process is the point
    _pages.clear()
    _held_bytes = 0


def _store(key: Key, page: Page) -> None:
    global _held_bytes  # noqa: PLW0603
    if _held_bytes + page.size > MAX_BYTES:
        # Rare, and cheaper than knowing for each answer which page was used last.
        forget()
    old = _pages.get(key)
    _held_bytes += page.size - (old.size if old else 0)
    _pages[key] = page


def _copy(page: Page, request: HttpRequest) -> HttpResponse:
    secret = request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")
    fresh = len(secret) != csrf.CSRF_SECRET_LENGTH or not secret.isalnum()
    if fresh:
        secret = _new_secret()
    body = _filled(page.pieces, secret)
    response = HttpResponse(body, headers=dict(page.headers))
    if fresh:
        _set_csrf_cookie(response, secret)
    request.resolver_match = page.match
    return response


def _filled(pieces: Iterable[bytes], secret: str) -> bytes:
    fill = {
        CSRF_MARK.encode(): _masked(secret).encode(),
        TOKEN_MARK.encode(): new_token().encode(),
    }
    stamp = b'data-now="' + clock.now().isoformat().encode() + b'"'
    parts = list(pieces)
    for place in range(1, len(parts), 2):
        parts[place] = fill.get(parts[place], stamp)
    return b"".join(parts)


def _set_csrf_cookie(response: HttpResponse, secret: str) -> None:
    """As CsrfViewMiddleware sets it, which this answer does not pass."""
    response.set_cookie(
        settings.CSRF_COOKIE_NAME,
        secret,
        max_age=settings.CSRF_COOKIE_AGE,
        domain=settings.CSRF_COOKIE_DOMAIN,
        path=settings.CSRF_COOKIE_PATH,
        secure=settings.CSRF_COOKIE_SECURE,
        httponly=settings.CSRF_COOKIE_HTTPONLY,
        samesite=settings.CSRF_COOKIE_SAMESITE,  # type: ignore[arg-type]
    )


def _language(request: HttpRequest) -> str:
    """The reader's language, remembered by what the browser says of it."""
    said = (
        request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""),
        request.META.get("HTTP_ACCEPT_LANGUAGE", ""),
    )
    known = _languages.get(said)
    if known is None:
        if len(_languages) >= MAX_LANGUAGE_KEYS:
            _languages.clear()
        known = _languages[said] = get_language_from_request(request)
    return known
