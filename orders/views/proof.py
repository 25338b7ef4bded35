"""How a browser proves that an order is its own: a signed cookie with the order's token.

The token is compared with the order's keyed hash at every use, so taking the token away on the
order closes every browser that knew it.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from core import crypto
from fulfillment.access import Proof
from orders.models import Order
from orders.models.private import token_hash

COOKIE = "qy_orders"
SALT = "orders.proof"
KEPT_SECONDS = 180 * 24 * 3600
MOST_ENTRIES = 20
LONGEST_COOKIE = 3800


@dataclass(frozen=True, slots=True)
class Entry:
    """One order this browser knows. `placed_at` (Unix seconds) is 0 when it came by a link.

    `secret` is the look-up secret we made up, to be shown while the order is young.
    """

    order: str
    token: str = field(repr=False)
    placed_at: int = 0
    secret: str = field(default="", repr=False)

    def opens(self, owner: str) -> bool:
        """Whether its token is enough for an order of that account ("" for a guest's order).

        Having placed it in this browser is not: who signs out leaves nothing open behind.
        """
        return not owner or not self.placed_at


def entries(request: HttpRequest) -> list[Entry]:
    """The orders this browser knows, newest first; empty for a missing or altered cookie."""
    raw = request.COOKIES.get(COOKIE, "")
    if not raw or len(raw) > LONGEST_COOKIE:
        return []
    try:
        found = signing.loads(raw, salt=SALT, max_age=KEPT_SECONDS)
        return [Entry(*one) for one in found[:MOST_ENTRIES]]
    except (signing.BadSignature, TypeError, ValueError):
        return []


def entry_of(request: HttpRequest, order: str) -> Entry | None:
    """What this browser knows of an order, unchecked."""
    return next((entry for entry in entries(request) if entry.order == order), None)


def remember(request: HttpRequest, response: HttpResponse, entry: Entry) -> None:
    """Add an order to the browser's cookie; the oldest fall out."""
    kept = [entry, *(old for old in entries(request) if old.order != entry.order)][:MOST_ENTRIES]
    value = ""
    while kept:
        plain = [[e.order, e.token, e.placed_at, e.secret] for e in kept]
        value = signing.dumps(plain, salt=SALT)
        if len(value) <= LONGEST_COOKIE:
            break
        kept.pop()
    response.set_cookie(
        COOKIE, value, max_age=KEPT_SECONDS, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


def fits(token: str, known_hash: bytes | memoryview) -> bool:
    """Whether a token opens the order with that keyed hash."""
    return bool(token) and crypto.same(token_hash(token), bytes(known_hash))


def prove(request: HttpRequest, reference: str) -> Proof | None:
    """For fulfillment's pages: the reader holds the order's token, or it is their order."""
    order = Order.objects.filter(public_id=reference).values_list("owner", "token_hash").first()
    if order is None:
        return None
    owner, known_hash = order
    if owns(request, owner):
        return Proof(by=acting(request))
    entry = entry_of(request, reference)
    if entry is not None and entry.opens(owner) and fits(entry.token, known_hash):
        return Proof(by="guest")
    return None


def owns(request: HttpRequest, owner: str) -> bool:
    """Whether the signed-in person is that owner; nobody owns a guest's order."""
    user = request.user
    return bool(owner) and user.is_authenticated and user.public_id == owner


def acting(request: HttpRequest) -> str:
    """Who acts, as text: the signed-in person or a guest."""
    return request.user.acting if request.user.is_authenticated else "guest"


def is_fresh(entry: Entry | None, since: datetime | None, now: datetime, seconds: int) -> bool:
    """Whether this browser placed the order itself and `since` is not longer ago than `seconds`."""
    if entry is None or not entry.placed_at or since is None:
        return False
    return (now - since).total_seconds() <= seconds
