"""HMAC signatures of dialect C. Pure functions; golden vectors in docs/protocols."""

import hashlib
import hmac


def _sign(secret: str, *parts: str) -> str:
    message = "\n".join(parts).encode("utf-8")
    return hmac.new(secret.encode("utf-8"), message, hashlib.sha256).hexdigest()


def sha256_hex(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def sign_request(
    *, secret: str, method: str, path: str, timestamp: str, nonce: str, body: bytes
) -> str:
    """`path` is the request target exactly as sent, query string included."""
    return _sign(secret, "v1", method.upper(), path, timestamp, nonce, sha256_hex(body))


def sign_reply(*, secret: str, status: int, timestamp: str, nonce: str, body: bytes) -> str:
    """`nonce` is the nonce of the request which is answered."""
    return _sign(secret, "v1-reply", str(status), timestamp, nonce, sha256_hex(body))


def sign_callback(*, secret: str, callback_id: str, timestamp: str, body: bytes) -> str:
    return _sign(secret, "v1-callback", callback_id, timestamp, sha256_hex(body))


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8"), right.encode("utf-8"))
