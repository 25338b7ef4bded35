"""Inbound messages of dialect A. Weak: they only make us ask sooner."""

from collections.abc import Callable, Mapping
from typing import Any

from core.crypto import sha256_hex
from core.foreign import is_text
from fulfillment.suppliers.base import Answer, Callback, Connection, Purchase, Strength, Verdict
from fulfillment.suppliers.gateway_md5.codes import STATES
from fulfillment.suppliers.gateway_md5.reading import parse, word
from fulfillment.suppliers.gateway_md5.signing import compact, is_genuine
from fulfillment.suppliers.hearing import CALLBACK_BYTES, refused_callback
from fulfillment.suppliers.telling import Unreadable


def read_callback(
    connection: Connection, *, body: bytes, find: Callable[[str], Purchase | None]
) -> Callback:
    """Who it speaks of and what it claims. Strength WEAK at best: no time, no account and no order
    of characters is signed, so that the query alone decides.
    """
    digest = sha256_hex(body)
    try:
        fields = _fields(body)
    except Unreadable as error:
        return refused_callback("", str(error), body=body)
    number = word(fields.get("customer_order_no"))
    doubt = _doubt(fields, connection)
    if doubt:
        return refused_callback(number, doubt, body=body)
    purchase = find(number)
    problem = "" if purchase is None else _other(fields, purchase)
    state = word(fields.get("order_status"))
    verdict = STATES.get(state, Verdict.UNKNOWN)
    answer = Answer(
        Verdict.UNKNOWN if problem else verdict,
        supplier_no=word(fields.get("order_id")),
        code=state,
        problem=problem,
        digest=digest,
        trusted=True,
    )
    claim = sha256_hex(f"{number}|{state}|{digest}".encode())
    return Callback(number, answer, Strength.WEAK, f"cb:{claim[:48]}")


def _fields(body: bytes) -> Mapping[str, Any]:
    if len(body) > CALLBACK_BYTES:
        raise Unreadable("huge")
    try:
        data = parse(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Unreadable("not_utf8") from error
    if not isinstance(data, dict) or not all(map(is_text, data.values())):
        raise Unreadable("not_texts")
    return data


def _doubt(fields: Mapping[str, Any], connection: Connection) -> str:
    """A callback names no key: any of ours may have signed it."""
    sign = fields.get("sign", "")
    if not sign:
        return "unsigned"
    text = compact({name: value for name, value in fields.items() if name != "sign"})
    known = any(is_genuine(text, sign, secret) for secret in connection.keys.values())
    return "" if known else "bad_signature"


def _other(fields: Mapping[str, Any], purchase: Purchase) -> str:
    expected = {"product_id": purchase.supplier_sku, "buy_num": str(purchase.quantity)}
    return next((f"other_{k}" for k, value in expected.items() if fields.get(k) != value), "")
