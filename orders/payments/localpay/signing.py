"""Canonical text, signatures and keys of localpay (docs/protocols/localpay.md, section 1)."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from core import crypto

SIGN_TYPE = "RSA2"
FRESH_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Keys:
    """Our private key with its id, and the gateway's public keys by id."""

    own_id: str
    own_pem: bytes
    gateway: Mapping[str, bytes]


def canonical(params: Mapping[str, str]) -> bytes:
    """The bytes that are signed: sorted, percent-encoded, without `sign` and empty values."""
    pairs = sorted((k, v) for k, v in params.items() if k != "sign" and v)
    return "&".join(f"{k}={quote(v, safe='')}" for k, v in pairs).encode()


def key_id(public_der: bytes) -> str:
    """`LP` and the first 16 hex digits of SHA-256 over the SubjectPublicKeyInfo."""
    return "LP" + hashlib.sha256(public_der).hexdigest()[:16].upper()


def sign(params: Mapping[str, str], keys: Keys) -> dict[str, str]:
    """The parameters with `key_id`, `sign_type` and `sign`."""
    full = {**params, "key_id": keys.own_id, "sign_type": SIGN_TYPE}
    signature = crypto.rsa_sign(keys.own_pem, canonical(full))
    return {**full, "sign": base64.b64encode(signature).decode()}


def verdict(params: Mapping[str, str], keys: Keys) -> str:
    """Empty when the gateway signed these parameters; else the name of what is wrong.

    Algorithm and key id are compared with our own lists before anything is computed (R-PAY-3).
    """
    if params.get("sign_type") != SIGN_TYPE:
        return "bad_algorithm"
    pem = keys.gateway.get(params.get("key_id", ""))
    if pem is None:
        return "unknown_key"
    return "" if verified(canonical(params), params.get("sign", ""), pem) else "bad_signature"


def verified(message: bytes, signature: str, pem: bytes) -> bool:
    """Whether the base64 text is the key's signature over the message; never raises."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return bool(raw) and crypto.rsa_verify(pem, message, raw)


def keys() -> Keys:
    """Our keys as the settings name them. Raises ImproperlyConfigured when one is missing."""
    return _load(settings.LOCALPAY_PRIVATE_KEY, tuple(settings.LOCALPAY_GATEWAY_PUBLIC_KEYS))


@lru_cache(maxsize=4)
def _load(private_path: str, public_paths: tuple[str, ...]) -> Keys:
    if not private_path or not public_paths:
        raise ImproperlyConfigured(
            "LOCALPAY_PRIVATE_KEY and LOCALPAY_GATEWAY_PUBLIC_KEYS are needed"
        )
    own = Path(private_path).read_bytes()
    gateway = {key_id(crypto.public_der(pem)): pem for pem in map(_read, public_paths)}
    return Keys(key_id(crypto.public_der(own)), own, gateway)


def _read(path: str) -> bytes:
    return Path(path).read_bytes()
