"""Calls to the gateway. Every answer is verified; what cannot be believed is an unknown."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings

from core import http
from core.foreign import is_text
from core.ids import new_token
from orders.payments.localpay import signing

LARGEST_ANSWER = 64 * 1024
LARGEST_BILL = 32 * 1024 * 1024


class Unanswered(Exception):
    """No answer that may be believed. `not_sent`: the request never left this machine."""

    def __init__(self, why: str, *, not_sent: bool = False) -> None:
        super().__init__(why)
        self.not_sent = not_sent


@dataclass(frozen=True, slots=True)
class File:
    body: bytes


def call(path: str, service: str, params: Mapping[str, str], *, now: datetime) -> dict[str, str]:
    """Ask the gateway; returns the verified flat answer. Raises Unanswered."""
    nonce = new_token()
    reply = _send(path, service, params, nonce=nonce, now=now, largest=LARGEST_ANSWER)
    return _believed(reply.body, service=service, nonce=nonce, now=now)


def fetch_bill(day: str, *, now: datetime) -> bytes:
    """The signed bill of a day (YYYY-MM-DD). Raises Unanswered."""
    nonce = new_token()
    reply = _send("/api/bill", "bill.day", {"day": day}, nonce=nonce, now=now, largest=LARGEST_BILL)
    headers = {name.lower(): value for name, value in reply.headers.items()}
    digest = hashlib.sha256(reply.body).hexdigest()
    stamp = headers.get("x-localpay-timestamp", "")
    pem = signing.keys().gateway.get(headers.get("x-localpay-key-id", ""))
    message = f"bill.day.reply\n{stamp}\n{nonce}\n{digest}".encode()
    if pem is None or headers.get("x-localpay-nonce") != nonce or not fresh(stamp, now):
        raise Unanswered("bill without a good signature")
    if not signing.verified(message, headers.get("x-localpay-sign", ""), pem):
        raise Unanswered("bill without a good signature")
    return reply.body


def fresh(timestamp: str, now: datetime) -> bool:
    """Whether Unix seconds lie within 300 s of now, either way (R-PAY-4)."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:  # noqa: PLR2004
        return False
    return abs(now.timestamp() - int(timestamp)) <= signing.FRESH_SECONDS


def _send(
    path: str, service: str, params: Mapping[str, str], *, nonce: str, now: datetime, largest: int
) -> http.Reply:
    signed = signing.sign(
        {
            **params,
            "service": service,
            "merchant_id": settings.LOCALPAY_MERCHANT,
            "timestamp": str(int(now.timestamp())),
            "nonce": nonce,
        },
        signing.keys(),
    )
    try:
        return http.call(
            "POST",
            settings.LOCALPAY_URL.rstrip("/") + path,
            name=f"localpay{path}",
            max_bytes=largest,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            content=urlencode(signed).encode(),
        )
    except http.NotSent as error:
        raise Unanswered(str(error), not_sent=True) from error
    except http.Unclear as error:
        raise Unanswered(str(error)) from error


def _believed(body: bytes, *, service: str, nonce: str, now: datetime) -> dict[str, str]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unanswered("not JSON") from error
    if not isinstance(answer, dict) or not all(
        is_text(k) and is_text(v) for k, v in answer.items()
    ):
        raise Unanswered("not a flat object of texts")
    wrong = signing.verdict(answer, signing.keys())
    if wrong:
        raise Unanswered(wrong)
    if answer.get("service") != f"{service}.reply" or answer.get("nonce") != nonce:
        raise Unanswered("answer to another request")
    if answer.get("merchant_id") != settings.LOCALPAY_MERCHANT:
        raise Unanswered("answer to another merchant")
    if not fresh(answer.get("timestamp", ""), now):
        raise Unanswered("stale answer")
    return answer
