"""Notices that a shop must not believe."""

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from simulators.localpay import signing
from simulators.localpay.gateway import Gateway
from simulators.localpay.messages import encoded, stamped
from simulators.outgoing import Message

MONTH = 30 * 86400
# Rightly signed, wrong in what they say: only the receiver's own checks can stop these.
WRONG_VALUES = {
    "other_merchant": {"merchant_id": "someone-else"},
    "other_order": {"number": "NOSUCHNUMBER0001"},
    "other_currency": {"currency": "USD"},
}
KINDS = (
    "bad_signature", "no_signature", "other_key", "stolen_key_id", "sha1", "sign_type",
    "other_merchant", "other_order", "other_amount", "other_currency", "old", "future",
    "malformed", "huge", "not_utf8", "duplicate_fields",
)  # fmt: skip


def forge(gw: Gateway, url: str, fields: Mapping[str, str], kind: str) -> Message:
    """One forged notice. Raises ValueError for a kind that is not in KINDS."""
    plain = stamped(gw, fields)
    if kind in WRONG_VALUES:
        plain |= WRONG_VALUES[kind]
    elif kind == "other_amount":
        plain["amount_minor"] = str(int(plain["amount_minor"]) + 1)
    elif kind in ("old", "future"):
        shift = -MONTH if kind == "old" else MONTH
        plain["timestamp"] = str(int(gw.clock.unix()) + shift)
    elif kind not in KINDS:
        raise ValueError(f"no such forgery: {kind}")
    return _spoiled(gw, url, plain, gw.keys.sign(plain), kind)


def _spoiled(
    gw: Gateway, url: str, plain: dict[str, str], signed: dict[str, str], kind: str
) -> Message:
    key_id, key = gw.keys.active
    if kind == "bad_signature":
        signed["sign"] = ("B" if signed["sign"][0] == "A" else "A") + signed["sign"][1:]
    elif kind == "no_signature":
        signed["sign"] = ""
    elif kind == "other_key":
        signed = signing.signed(_stranger(), signing.key_id_of(_stranger().public_key()), plain)
    elif kind == "stolen_key_id":
        signed = signing.signed(_stranger(), key_id, plain)
    elif kind == "sha1":
        weak = key.sign(signing.canonical(signed), padding.PKCS1v15(), hashes.SHA1())
        signed["sign"] = base64.b64encode(weak).decode()
    elif kind == "sign_type":
        signed["sign_type"] = "RSA"
        signed["sign"] = signing.sign_bytes(key, signing.canonical(signed))
    message = encoded(gw, url, signed)
    body = _broken_body(message.body, signed, kind)
    return Message(url, message.headers, body)


def _broken_body(body: bytes, signed: Mapping[str, str], kind: str) -> bytes:
    json_body = body.startswith(b"{")
    match kind:
        case "malformed":
            return body[: len(body) // 3] + b"%%%&&=\x00{[" + body[:20]
        case "huge":
            return body + b"&pad=" + b"x" * (2 * 1024 * 1024)
        case "not_utf8":
            return body + (b"\xff\xfe" if json_body else b"&subject=%FF%FE")
        case "duplicate_fields" if json_body:
            return body[:-1] + b', "amount_minor": ' + json.dumps("1").encode() + b"}"
        case "duplicate_fields":
            return urlencode([*signed.items(), ("amount_minor", "1")]).encode()
        case _:
            return body


@lru_cache(maxsize=1)
def _stranger() -> rsa.RSAPrivateKey:
    """A key that nobody registered."""
    return signing.new_key()
