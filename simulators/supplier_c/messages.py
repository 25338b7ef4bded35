"""A callback as bytes: stamped, signed, encoded."""

import json
from typing import Any

from simulators import clock
from simulators.outgoing import Message
from simulators.supplier_c import signing
from simulators.supply.store import Row
from simulators.supply.supplier import Supplier


def message(
    sup: Supplier, *, url: str, key_id: str, callback_id: str, order: dict[str, Any]
) -> Message:
    """A truly signed callback, fresh now."""
    kind = f"order.{str(order['state']).lower()}"
    data = {"type": kind, "order": order, "sent_at": clock.text(sup.clock.unix())}
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return signed(sup, url=url, key_id=key_id, callback_id=callback_id, body=body)


def signed(
    sup: Supplier, *, url: str, key_id: str, callback_id: str, body: bytes, shift: int = 0
) -> Message:
    secret = sup.secret(key_id)
    if secret is None:
        key_id, secret = sup.newest_key()
    stamp = str(int(sup.clock.unix()) + shift)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Key-Id": key_id,
        "X-Callback-Id": callback_id,
        "X-Timestamp": stamp,
        "X-Signature": signing.sign_callback(
            secret=secret, callback_id=callback_id, timestamp=stamp, body=body
        ),
    }
    return Message(url, headers, body)


def of_row(
    sup: Supplier, row: Row, changes: dict[str, Any] | None = None, mark: str = ""
) -> Message:
    order = {**json.loads(row["shown"]), **(changes or {})}
    return message(
        sup,
        url=row["url"],
        key_id=row["key_id"],
        callback_id=row["callback_id"] + mark,
        order=order,
    )
