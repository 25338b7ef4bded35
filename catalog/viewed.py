"""What a visitor looked at last: a plain cookie with addresses of products, and nothing on our side.

No account, no number, no time stands in it; whoever asks not to be followed gets none.
"""

import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "qy_seen"
MOST = 12
MAX_BYTES = 1024
DAYS = 30
_SLUG = re.compile(r"[-a-zA-Z0-9_]{1,64}\Z")
_BETWEEN = "."


def seen_slugs(request: HttpRequest) -> list[str]:
    """Addresses of products, the last one first; what cannot be one is left out."""
    text = request.COOKIES.get(COOKIE, "")
    if len(text) > MAX_BYTES:
        return []
    slugs = [slug for slug in text.split(_BETWEEN) if _SLUG.match(slug)]
    return list(dict.fromkeys(slugs))[:MOST]


def remember(request: HttpRequest, response: HttpResponse, slug: str) -> None:
    """Put a product in front, in the visitor's browser; at most MOST and MAX_BYTES are kept."""
    before = seen_slugs(request)
    if before[:1] == [slug] or _wants_privacy(request):
        return
    slugs = [slug, *(one for one in before if one != slug)][:MOST]
    while len(text := _BETWEEN.join(slugs)) > MAX_BYTES:
        slugs.pop()
    response.set_cookie(
        COOKIE, text, max_age=DAYS * 86_400, secure=settings.CSRF_COOKIE_SECURE, httponly=True,
        samesite="Lax",
    )  # fmt: skip


def forget_seen(response: HttpResponse) -> None:
    """Empty it."""
    response.delete_cookie(COOKIE, samesite="Lax")


def _wants_privacy(request: HttpRequest) -> bool:
    """The browser asks not to be followed, or only fetches ahead what nobody looked at yet."""
    meta = request.META
    return (
        meta.get("HTTP_SEC_GPC") == "1"
        or meta.get("HTTP_DNT") == "1"
        or "prefetch" in meta.get("HTTP_SEC_PURPOSE", "")
    )
