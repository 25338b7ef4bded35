"""What a browser carries for people without an account: tokens of gifts and of accepted things.

A signed cookie, as for guests' orders; each token is compared with its keyed hash at every use.
"""

from dataclasses import dataclass, field

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from core.ids import new_token
from fulfillment.access import Proof, proof_for
from fulfillment.models import Entitlement
from fulfillment.tokens import SHAPE, fits

COOKIE, DEVICE = "qy_claims", "qy_device"
SALT, DEVICE_SALT = "fulfillment.claims", "fulfillment.device"
KEPT_SECONDS = 400 * 24 * 3600
MOST_ENTRIES, LONGEST_COOKIE = 30, 3800


@dataclass(frozen=True, slots=True)
class Holding:
    """A reader's right to a thing. `owner` is the account it is in, "" for a guest.

    `token` is what a guest holds it by; empty when the order proves it.
    """

    proof: Proof
    owner: str
    token: str = field(repr=False, default="")


def token_of(request: HttpRequest, public_id: str) -> str:
    """The token this browser carries for a gift, a link or a thing, unchecked; "" for none."""
    return dict(_entries(request)).get(public_id, "")


def carry(request: HttpRequest, response: HttpResponse, public_id: str, token: str) -> None:
    """Let the browser carry a token; the oldest fall out."""
    others = [(key, value) for key, value in _entries(request) if key != public_id]
    _write(response, [(public_id, token), *others])


def drop(request: HttpRequest, response: HttpResponse, public_id: str) -> None:
    """Take a token out of the browser that is of no more use."""
    _write(response, [(key, value) for key, value in _entries(request) if key != public_id])


def holding(request: HttpRequest, row: Entitlement) -> Holding | None:
    """Whether the reader holds this thing now: its account, its guest, or the proof of its order.

    Proofs of the order end with the first change of hands.
    """
    user = request.user
    if user.is_authenticated and row.owner and row.owner == user.public_id:
        return Holding(Proof(by=user.acting), row.owner)
    token = token_of(request, row.public_id)
    if not row.owner and fits("holder", token, row.holder_hash):
        return Holding(Proof(by="guest"), "", token)
    if row.moves:
        return None
    proof = proof_for(request, row.reference, owner=row.owner)
    return None if proof is None else Holding(proof, row.owner)


def device_of(request: HttpRequest) -> str:
    """The token of this device; "" before it has one."""
    try:
        token = signing.loads(request.COOKIES.get(DEVICE, "")[:200], salt=DEVICE_SALT)
    except signing.BadSignature:
        return ""
    return token if isinstance(token, str) and SHAPE.fullmatch(token) else ""


def name_device(request: HttpRequest, response: HttpResponse) -> None:
    """Give the device a token if it has none: activations may be bound to it."""
    if not device_of(request):
        _set(response, DEVICE, signing.dumps(new_token(), salt=DEVICE_SALT))


def _entries(request: HttpRequest) -> list[tuple[str, str]]:
    raw = request.COOKIES.get(COOKIE, "")
    if not raw or len(raw) > LONGEST_COOKIE:
        return []
    try:
        found = signing.loads(raw, salt=SALT, max_age=KEPT_SECONDS)
        return [(str(key), str(value)) for key, value in found[:MOST_ENTRIES]]
    except (signing.BadSignature, TypeError, ValueError):
        return []


def _write(response: HttpResponse, entries: list[tuple[str, str]]) -> None:
    kept = entries[:MOST_ENTRIES]
    value = signing.dumps(kept, salt=SALT)
    while len(value) > LONGEST_COOKIE:
        kept.pop()
        value = signing.dumps(kept, salt=SALT)
    _set(response, COOKIE, value)


def _set(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=KEPT_SECONDS, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
