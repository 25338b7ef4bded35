"""What a browser carries that came by somebody's link, until its person has an account."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from fulfillment.views.keeping import device_of
from orders.services.rewards.bind_invite import Newcomer
from risk.requests import client_ip

COOKIE, SALT = "qy_invite", "orders.invite"
KEPT_SECONDS = 30 * 24 * 3600
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Visit:
    """By which link (public id) a browser came, and when."""

    link: str
    came_at: datetime

    def newcomer(self, request: HttpRequest, user: Any) -> Newcomer:
        """Who signed in now, as the service wants it."""
        return Newcomer(
            user=user.public_id, joined_at=user.joined_at, came_at=self.came_at,
            ip=client_ip(request), device=device_of(request),
        )  # fmt: skip


def visit_of(request: HttpRequest | None) -> Visit | None:
    """What this browser carries; None for nothing, or something that is not ours or too old."""
    raw = request.COOKIES.get(COOKIE, "") if request is not None else ""
    if not raw or len(raw) > LONGEST:
        return None
    try:
        link, at = signing.loads(raw, salt=SALT, max_age=KEPT_SECONDS)
        return Visit(str(link), datetime.fromtimestamp(float(at), UTC))
    except (signing.BadSignature, TypeError, ValueError):
        return None


def keep_visit(response: HttpResponse, link: str, *, now: datetime) -> None:
    """Let the browser carry the link; the last one that was opened counts."""
    response.set_cookie(
        COOKIE, signing.dumps([link, now.timestamp()], salt=SALT), max_age=KEPT_SECONDS,
        httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
