"""Dialect B as the engine of a supplier sees it: how it shows an order, how it pushes results."""

import json
from dataclasses import asdict, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_from_bytes

from simulators.control import Act
from simulators.outgoing import Message, Reply
from simulators.supplier_b import shown
from simulators.supplier_b.signing import Recipe
from simulators.supply.store import Row
from simulators.supply.supplier import Supplier

MONTH = 30 * 86400
#: The classic push signs these and no more: price and our number of the order may be changed.
SIGNED = ("customerId", "orderNo", "orderStatus", "timestamp")
FORGERIES = ("bad_signature", "no_signature", "other_key", "unknown_key_id", "old", "future",
             "other_order", "unsigned_price", "malformed", "huge", "not_utf8", "bad_state")  # fmt: skip
# Rightly signed, wrong in what they say.
_CHANGES: dict[str, dict[str, Any]] = {
    "other_order": {"orderNo": "NOSUCHORDER0001"},
    "bad_state": {"orderStatus": "9"},
    "unsigned_price": {"price": "0.01", "platformNo": "B99999999999"},
}


class FormMd5:
    name = "supplier_b"

    def __init__(self) -> None:
        self.recipe = Recipe()

    def shown(self, sup: Supplier, row: Row, *, cards: bool = True) -> dict[str, Any]:
        return shown.shown(sup, row, cards=cards)

    def item(self, row: Row) -> dict[str, Any]:
        return shown.item(row)

    def claim(self, state: str) -> dict[str, Any]:
        return {"orderStatus": shown.STATES[state]}

    def message(
        self, sup: Supplier, row: Row, changes: dict[str, Any] | None = None, mark: str = ""
    ) -> Message:
        return self._push(sup, row, changes or {})

    def forge(
        self, sup: Supplier, row: Row, kind: str, changes: dict[str, Any] | None = None
    ) -> Message:
        """Each kind of push that must change nothing by itself. Raises ValueError."""
        if kind not in FORGERIES:
            raise ValueError(f"no such forgery: {kind}")
        wanted = {**(changes or {}), **_CHANGES.get(kind, {})}
        shift = {"old": -MONTH, "future": MONTH}.get(kind, 0)
        secret = "nobody's secret" if kind in ("other_key", "unknown_key_id") else ""
        key_id = "stranger" if kind == "unknown_key_id" else ""
        made = self._push(sup, row, wanted, shift=shift, secret=secret, key_id=key_id)
        return replace(made, body=_mangled(kind, made.body))

    def forgeries(self) -> tuple[str, ...]:
        return FORGERIES

    def acts(self) -> dict[str, Act]:
        def recipe(body: dict[str, Any]) -> dict[str, Any]:
            self.recipe = self.recipe.changed(**body)
            return asdict(self.recipe)

        return {"recipe": recipe}

    def taken(self, reply: Reply) -> bool:
        return reply.status == HTTPStatus.OK and reply.body.strip() == self.recipe.ack.encode()

    def _push(
        self,
        sup: Supplier,
        row: Row,
        changes: dict[str, Any],
        *,
        shift: float = 0,
        secret: str = "",
        key_id: str = "",
    ) -> Message:
        order = {**json.loads(row["shown"]), **changes}
        known, key = row["key_id"], sup.secret(row["key_id"])
        if key is None:
            known, key = sup.newest_key()
        fields = {
            "customerId": key_id or known,
            "orderNo": order["orderNo"],
            "orderStatus": order["orderStatus"],
            "platformNo": order["platformNo"],
            "price": order["price"],
            "finishTime": order["finishTime"],
            "timestamp": shown.stamp(sup.clock.unix() + shift),
        }
        fields["sign"] = self.recipe.sign({name: fields[name] for name in SIGNED}, secret or key)
        charset = self.recipe.charset
        pairs = ((name, quote_from_bytes(text.encode(charset))) for name, text in fields.items())
        body = "&".join(f"{name}={text}" for name, text in pairs).encode()
        return Message(row["url"], {"Content-Type": "application/x-www-form-urlencoded"}, body)


def _mangled(kind: str, body: bytes) -> bytes:
    match kind:
        case "bad_signature":
            body = body[:-1] + (b"1" if body.endswith(b"0") else b"0")
        case "no_signature":
            body = body.partition(b"&sign=")[0]
        case "malformed":
            body = b"%%%" + body[: len(body) // 2]
        case "huge":
            body += b"&pad=" + b"x" * (2 * 1024 * 1024)
        case "not_utf8":
            body += b"&note=%ff%fe"
    return body
