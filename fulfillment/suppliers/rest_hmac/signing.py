"""Signatures of dialect C: pure functions, checked against docs/protocols/supplier_c.vectors.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.crypto import hmac_sha256, same, sha256_hex

#: Timestamps may be off this much either way, in seconds (protocol, section 1).
FRESH_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Envelope:
    """The signature headers of one message, as received."""

    key_id: str
    timestamp: str
    signature: str
    nonce: str = ""
    callback_id: str = ""


def request_text(*, method: str, target: str, timestamp: str, nonce: str, body: bytes) -> str:
    """What a request signs; ``target`` is path and query as sent."""
    return "\n".join(("v1", method, target, timestamp, nonce, sha256_hex(body)))


def reply_text(*, status: int, timestamp: str, nonce: str, body: bytes) -> str:
    """What an answer signs; ``nonce`` is that of the request, which ties the two together."""
    return "\n".join(("v1-reply", str(status), timestamp, nonce, sha256_hex(body)))


def callback_text(*, callback_id: str, timestamp: str, body: bytes) -> str:
    """What a callback signs."""
    return "\n".join(("v1-callback", callback_id, timestamp, sha256_hex(body)))


def sign(secret: bytes, text: str) -> str:
    """HMAC-SHA256 of ``text``, lower-case hex."""
    return hmac_sha256(secret, text.encode()).hex()


def read_envelope(headers: Mapping[str, str]) -> Envelope:
    """Pick the signature headers out, whatever their case; absent ones become empty."""
    lower = {name.lower(): value for name, value in headers.items()}
    return Envelope(
        key_id=lower.get("x-key-id", "")[:64],
        timestamp=lower.get("x-timestamp", "")[:16],
        signature=lower.get("x-signature", "")[:128],
        nonce=lower.get("x-nonce", "")[:64],
        callback_id=lower.get("x-callback-id", "")[:64],
    )


def doubt_reply(
    envelope: Envelope,
    *,
    secret: bytes,
    key_id: str,
    nonce: str,
    status: int,
    body: bytes,
    now: datetime,
) -> str:
    """Why an answer is not believed; empty when signature, nonce, key and time are right."""
    if not envelope.signature:
        return "unsigned"
    if envelope.key_id != key_id:
        return "other_key"
    if not same(envelope.nonce.encode(), nonce.encode()):
        return "other_nonce"
    if not is_fresh(envelope.timestamp, now=now):
        return "stale"
    text = reply_text(status=status, timestamp=envelope.timestamp, nonce=nonce, body=body)
    return "" if same(sign(secret, text).encode(), envelope.signature.encode()) else "bad_signature"


def doubt_callback(
    envelope: Envelope, *, keys: Mapping[str, str], body: bytes, now: datetime
) -> str:
    """Why a callback is not believed; empty when all checks pass."""
    if not envelope.signature or not envelope.callback_id:
        return "unsigned"
    secret = keys.get(envelope.key_id)
    if secret is None:
        return "unknown_key"
    if not is_fresh(envelope.timestamp, now=now):
        return "stale"
    text = callback_text(callback_id=envelope.callback_id, timestamp=envelope.timestamp, body=body)
    genuine = same(sign(secret.encode(), text).encode(), envelope.signature.encode())
    return "" if genuine else "bad_signature"


def is_fresh(timestamp: str, *, now: datetime) -> bool:
    """Whether Unix seconds in text are within ``FRESH_SECONDS`` of ``now``, either way."""
    if not (timestamp.isascii() and timestamp.isdigit()):
        return False
    return abs(now.timestamp() - int(timestamp)) <= FRESH_SECONDS
