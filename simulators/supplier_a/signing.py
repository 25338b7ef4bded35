"""Dialect A's signature and card cipher. Pure functions; golden vectors in docs/protocols."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16


def sign_text(text: str, secret: str) -> str:
    """All characters in order of their code, then the secret, then MD5 in small hex."""
    mixed = "".join(sorted(text)) + secret
    return hashlib.md5(mixed.encode("utf-8"), usedforsecurity=False).hexdigest()


def sign_fields(fields: Mapping[str, object], secret: str) -> str:
    """The same over the fields as JSON without spaces; `sign` itself is left out."""
    kept = {name: value for name, value in fields.items() if name != "sign"}
    return sign_text(json.dumps(kept, ensure_ascii=False, separators=(",", ":")), secret)


def seal_card(text: str, secret: str) -> str:
    """AES-256-ECB with PKCS7 under the secret's own 32 characters, in base64."""
    raw = text.encode("utf-8")
    fill = BLOCK - len(raw) % BLOCK
    return seal_raw(raw + bytes([fill]) * fill, secret)


def seal_raw(padded: bytes, secret: str) -> str:
    cipher = Cipher(algorithms.AES(secret.encode()), modes.ECB()).encryptor()
    return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8"), right.encode("utf-8"))
