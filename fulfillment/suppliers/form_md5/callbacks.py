"""Inbound pushes of dialect B. Weak: four fields are signed, the rest is anybody's."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qsl

from core.crypto import sha256_hex
from core.foreign import is_text
from fulfillment.suppliers.base import Answer, Callback, Connection, Purchase, Strength, Verdict
from fulfillment.suppliers.form_md5.codes import STATES
from fulfillment.suppliers.form_md5.signing import Recipe, is_fresh
from fulfillment.suppliers.hearing import CALLBACK_BYTES, refused_callback
from fulfillment.suppliers.telling import Unreadable

MOST_FIELDS = 32
SIGNED = ("customerId", "orderNo", "orderStatus", "timestamp")


def read_callback(
    connection: Connection,
    *,
    recipe: Recipe,
    body: bytes,
    now: datetime,
    find: Callable[[str], Purchase | None],
) -> Callback:
    """Who it speaks of and what it claims. Price and the supplier's number are not even read."""
    digest = sha256_hex(body)
    try:
        fields = _fields(body, recipe.charset)
    except Unreadable as error:
        return refused_callback("", str(error), body=body)
    number = fields.get("orderNo", "")[:64]
    signed = {name: fields.get(name, "") for name in SIGNED}
    secret = connection.keys.get(signed["customerId"])
    doubt = _doubt(fields.get("sign", ""), signed, recipe=recipe, secret=secret, now=now)
    if doubt:
        return refused_callback(number, doubt, body=body)
    find(number)
    state = signed["orderStatus"]
    answer = Answer(
        STATES.get(state, Verdict.UNKNOWN), code=state[:64], digest=digest, trusted=True
    )
    claim = sha256_hex(f"{number}|{state}|{signed['timestamp']}".encode())
    return Callback(number, answer, Strength.WEAK, f"cb:{claim[:48]}")


def _fields(body: bytes, charset: str) -> dict[str, str]:
    if len(body) > CALLBACK_BYTES:
        raise Unreadable("huge")
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, encoding=charset,
            errors="strict", max_num_fields=MOST_FIELDS,
        )  # fmt: skip
    except ValueError as error:
        raise Unreadable("not_a_form") from error
    fields = dict(pairs)
    if len(fields) != len(pairs) or not all(map(is_text, fields.values())):
        raise Unreadable("not_a_form")
    return fields


def _doubt(
    sign: str, signed: dict[str, str], *, recipe: Recipe, secret: str | None, now: datetime
) -> str:
    if not sign:
        return "unsigned"
    if secret is None:
        return "unknown_key"
    if not recipe.is_genuine(signed, sign, secret):
        return "bad_signature"
    return "" if is_fresh(signed["timestamp"], now=now) else "stale"
