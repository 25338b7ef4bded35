"""An order as answers and callbacks show it."""

import json
from typing import Any

from simulators import clock
from simulators.supply import money
from simulators.supply.store import Row
from simulators.supply.supplier import Supplier


def shown(sup: Supplier, row: Row, *, cards: bool = True) -> dict[str, Any]:
    """An order as answers show it; callbacks leave the cards out."""
    return {
        "id": f"SC{row['id']:010d}",
        "external_id": row["external_id"],
        "product": row["product"],
        "kind": row["kind"],
        "quantity": row["quantity"],
        "delivered": row["delivered"],
        "target": json.loads(row["target"]),
        "state": row["odd_word"] or row["state"],
        "reason": {"code": row["reason"], "message": ""} if row["reason"] else None,
        "cost": money.show(row["cost_minor"]),
        "currency": "CNY",
        "cards": _cards(sup, row) if cards and row["state"] == "COMPLETED" else [],
        "receipt": row["receipt"] or None,
        "version": row["version"],
        "created_at": clock.text(row["created_at"]),
        "updated_at": clock.text(row["updated_at"]),
    }


def _cards(sup: Supplier, row: Row) -> list[dict[str, Any]]:
    if row["kind"] != "card":
        return []
    sql = "SELECT number, secret, expires_on FROM granted WHERE order_id = ? ORDER BY unit"
    return sup.store.rows(sql, row["id"])


def odd_cards(cards: list[dict[str, Any]], how: str) -> list[dict[str, Any]]:
    """The cards as they go out when a script wants something to be wrong with them."""
    match how:
        case "none":
            return []
        case "empty":
            return [{**card, "number": "", "secret": ""} for card in cards]
        case "blank":
            return [{**card, "number": " ", "secret": None} for card in cards]
        case "bom":
            return [{**card, "secret": "\ufeff" + card["secret"]} for card in cards]
        case "half":
            return [{"number": 7} for _ in cards]
    return cards


def item(row: Row) -> dict[str, Any]:
    """A product as the catalogue shows it."""
    return {
        "product": row["code"],
        "name": row["name"],
        "kind": row["kind"],
        "face_value": None if row["face_minor"] is None else money.show(row["face_minor"]),
        "cost": money.show(row["cost_minor"]),
        "currency": "CNY",
        "stock": row["stock"],
        "state": row["state"],
        "max_quantity": row["max_quantity"],
        "fields": ["account"] if row["kind"] == "direct" else [],
    }
