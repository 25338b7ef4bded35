"""Orders whose codes stay covered on this browser: they were bought to be given away.

A code that was shown cannot be given any more, so the page must not show it by itself.
"""

from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE, SALT = "qy_veil", "orders.veil"
KEPT_SECONDS = 24 * 3600
MOST_ORDERS = 20


def is_veiled(request: HttpRequest, order: str) -> bool:
    """Whether the buyer asked not to see the codes of this order at once."""
    return order in _orders(request)


def veil(request: HttpRequest, response: HttpResponse, order: str) -> None:
    """Remember it for as long as codes are shown by themselves, and longer."""
    kept = [order, *(old for old in _orders(request) if old != order)][:MOST_ORDERS]
    response.set_cookie(
        COOKIE, signing.dumps(kept, salt=SALT), max_age=KEPT_SECONDS, httponly=True,
        samesite="Lax", secure=request.is_secure(),
    )  # fmt: skip


def _orders(request: HttpRequest) -> list[str]:
    try:
        found = signing.loads(request.COOKIES.get(COOKIE, "")[:2000], salt=SALT)
        return [str(one) for one in found[:MOST_ORDERS]]
    except (signing.BadSignature, TypeError, ValueError):
        return []
