"""Dialect A as the engine of a supplier sees it: how it shows an order, how it calls back."""

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from simulators.control import Act
from simulators.outgoing import Message, Reply
from simulators.supplier_a import shown, signing
from simulators.supply.store import Row
from simulators.supply.supplier import Supplier

FORGERIES = ("bad_signature", "no_signature", "other_key", "other_order", "permuted", "malformed",
             "huge", "not_utf8", "bad_state")  # fmt: skip
# Rightly signed, wrong in what they say.
_CHANGES: dict[str, dict[str, Any]] = {
    "other_order": {"customer_order_no": "NOSUCHORDER0001"},
    "bad_state": {"order_state": "almost"},
}


class GatewayMd5:
    name = "supplier_a"

    def shown(self, sup: Supplier, row: Row, *, cards: bool = True) -> dict[str, Any]:
        return shown.shown(sup, row, cards=cards)

    def item(self, row: Row) -> dict[str, Any]:
        return shown.item(row)

    def claim(self, state: str) -> dict[str, Any]:
        return {"order_state": shown.STATES[state]}

    def message(
        self, sup: Supplier, row: Row, changes: dict[str, Any] | None = None, mark: str = ""
    ) -> Message:
        return _signed(row["url"], shown.of_callback(row, changes or {}), _secret(sup, row))

    def forge(
        self, sup: Supplier, row: Row, kind: str, changes: dict[str, Any] | None = None
    ) -> Message:
        """Each kind of callback that must change nothing. Raises ValueError."""
        if kind not in FORGERIES:
            raise ValueError(f"no such forgery: {kind}")
        fields = shown.of_callback(row, {**(changes or {}), **_CHANGES.get(kind, {})})
        secret = "nobody's secret" if kind == "other_key" else _secret(sup, row)
        made = _signed(row["url"], fields, secret)
        if kind == "permuted":
            return _permuted(made)
        return replace(made, body=_mangled(kind, fields, made.body))

    def forgeries(self) -> tuple[str, ...]:
        return FORGERIES

    def acts(self) -> dict[str, Act]:
        return {}

    def taken(self, reply: Reply) -> bool:
        return reply.status == HTTPStatus.OK and reply.body.strip() == b"success"


def _secret(sup: Supplier, row: Row) -> str:
    return sup.secret(row["key_id"]) or sup.newest_key()[1]


def _signed(url: str, fields: dict[str, Any], secret: str) -> Message:
    made = {**fields, "sign": signing.sign_fields(fields, secret)}
    body = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
    return Message(url, {"Content-Type": "application/json; charset=utf-8"}, body)


def _mangled(kind: str, fields: dict[str, Any], body: bytes) -> bytes:
    match kind:
        case "bad_signature":
            body = body.replace(b'"sign":"', b'"sign":"0')
        case "no_signature":
            body = json.dumps(fields, ensure_ascii=False).encode()
        case "malformed":
            body = body[: len(body) // 2]
        case "huge":
            body = body[:-1] + b',"pad":"' + b"x" * (2 * 1024 * 1024) + b'"}'
        case "not_utf8":
            body = body[:-1] + ',"备注":"x"}'.encode("gbk")
    return body


def _permuted(made: Message) -> Message:
    """The same characters, the same valid signature, another meaning: price and number change."""
    fields = json.loads(made.body)
    fields["price"] = "".join(sorted(fields["price"].replace(".", ""))) + "."
    fields["customer_order_no"] = fields["customer_order_no"][::-1]
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    return replace(made, body=body)
