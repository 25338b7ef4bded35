"""Callbacks that a shop must not believe."""

import json
from dataclasses import replace
from typing import Any

from simulators.outgoing import Message
from simulators.supplier_c import signing
from simulators.supplier_c.messages import of_row, signed
from simulators.supply.store import Row
from simulators.supply.supplier import Supplier

MONTH = 30 * 86400
KINDS = (
    "bad_signature", "no_signature", "other_key", "unknown_key_id", "old", "future",
    "other_order", "malformed", "huge", "not_utf8", "bad_state",
)  # fmt: skip
# Rightly signed, wrong in what they say.
_CHANGES: dict[str, dict[str, Any]] = {
    "other_order": {"external_id": "NOSUCHORDER0001"},
    "bad_state": {"state": "ALMOST"},
}


def forge(sup: Supplier, row: Row, kind: str, changes: dict[str, Any] | None = None) -> Message:
    """One forged callback about the order of a callback row. Raises ValueError."""
    if kind not in KINDS:
        raise ValueError(f"no such forgery: {kind}")
    made = of_row(sup, row, {**(changes or {}), **_CHANGES.get(kind, {})}, f"-{kind}")
    headers = dict(made.headers)
    if kind in ("old", "future", "malformed", "huge", "not_utf8"):
        return _resigned(sup, row, made, kind)
    if kind == "bad_signature":
        first = headers["X-Signature"][0]
        headers["X-Signature"] = ("1" if first == "0" else "0") + headers["X-Signature"][1:]
    elif kind == "no_signature":
        del headers["X-Signature"]
    elif kind in ("other_key", "unknown_key_id"):
        headers["X-Signature"] = signing.sign_callback(
            secret="nobody's secret",
            callback_id=headers["X-Callback-Id"],
            timestamp=headers["X-Timestamp"],
            body=made.body,
        )
        if kind == "unknown_key_id":
            headers["X-Key-Id"] = "stranger"
    return replace(made, headers=headers)


def _resigned(sup: Supplier, row: Row, made: Message, kind: str) -> Message:
    """A rightly signed message whose time or bytes are wrong."""
    body, shift = made.body, 0
    match kind:
        case "old" | "future":
            shift = -MONTH if kind == "old" else MONTH
        case "malformed":
            body = body[: len(body) // 2]
        case "huge":
            body = body[:-1] + b',"pad":"' + b"x" * (2 * 1024 * 1024) + b'"}'
        case "not_utf8":
            odd = json.dumps({"note": "备注"}, ensure_ascii=False).encode("gbk")
            body = body[:-1] + b"," + odd[1:]
    return signed(
        sup,
        url=made.url,
        key_id=row["key_id"],
        callback_id=made.headers["X-Callback-Id"],
        body=body,
        shift=shift,
    )
