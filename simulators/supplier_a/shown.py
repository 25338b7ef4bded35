"""An order and a product as dialect A shows them."""

import json
from typing import Any

from simulators import clock
from simulators.supplier_a import signing
from simulators.supply.store import Row
from simulators.supply.supplier import Supplier

STATES = {
    "PENDING": "untreated",
    "SUBMITTED": "processing",
    "COMPLETED": "success",
    "REJECTED": "failed",
    "FAILED": "failed",
    "REVERSED": "failed",
}
ORDER_TYPES = {"card": 3, "direct": 4}
TYPES = {"card": "卡密", "direct": "直充"}


def text_time(unix: float) -> str:
    """`2026-01-01 08:00:00`, always Shanghai's."""
    return clock.text(unix)[:19].replace("T", " ")


def order_id(number: int) -> str:
    return f"1907{number:016d}"


def yuan(minor: int) -> float:
    return minor / 100


def shown(sup: Supplier, row: Row, *, cards: bool = False) -> dict[str, Any]:
    """An order; cards come only in the look-up, sealed under the secret of the asking key."""
    over = row["state"] in ("COMPLETED", "REJECTED", "FAILED", "REVERSED")
    return {
        "order_id": order_id(row["id"]),
        "customer_order_no": row["external_id"],
        "product_id": row["product"],
        "product_name": row["product"],
        "charge_account": row["account"],
        "buy_num": row["quantity"],
        "success_num": row["delivered"],
        "order_type": ORDER_TYPES[row["kind"]],
        "order_price": yuan(row["unit_minor"]),
        "order_state": row["odd_word"] or STATES[row["state"]],
        "recharge_description": row["reason"],
        "create_time": text_time(row["created_at"]),
        "finish_time": text_time(row["updated_at"]) if over else None,
        "area": None,
        "server": None,
        "type": None,
        "cards": _cards(sup, row) if cards and row["state"] == "COMPLETED" else None,
        "operator_serial_number": row["receipt"],
    }


def _cards(sup: Supplier, row: Row) -> list[dict[str, Any]] | None:
    if row["kind"] != "card":
        return None
    sql = "SELECT number, secret, expires_on FROM granted WHERE order_id = ? ORDER BY unit"
    return sup.store.rows(sql, row["id"])


def sealed(
    cards: list[dict[str, Any]] | None, secret: str, odd: str
) -> list[dict[str, Any]] | None:
    """The cards as they go out; `odd` names what a script wants to be wrong with them."""
    if cards is None:
        return None
    if odd == "none":
        return []
    return [
        {
            "card_number": _sealed(card["number"], secret, odd),
            "card_pwd": _sealed(card["secret"], secret, odd),
            "card_deadline": f"{card['expires_on']} 23:59:59",
        }
        for card in cards
    ]


def _sealed(text: str, secret: str, odd: str) -> str:
    whole = signing.seal_card(text, secret)
    match odd:
        case "wrong_key":
            whole = signing.seal_card(text, secret[::-1])
        case "bad_padding":
            whole = signing.seal_raw(text.encode().ljust(32, b"\x00"), secret)
        case "gbk":
            whole = signing.seal_raw("卡".encode("gbk").ljust(16, b"\x0e"), secret)
        case "bom":
            whole = signing.seal_card("\ufeff" + text, secret)
        case "empty":
            whole = signing.seal_card("", secret)
        case "blank":
            whole = ""
        case "not_base64":
            whole = "?" + whole
        case "half":
            whole = whole[:12]
    return whole


def item(row: Row) -> dict[str, Any]:
    """A product as the list of goods shows it."""
    face = row["face_minor"]
    return {
        "product_id": row["code"],
        "product_name": row["name"],
        "product_type": TYPES[row["kind"]],
        "face_value": None if face is None else yuan(face),
        "purchase_price": yuan(row["cost_minor"]),
        "sales_status": "上架" if row["state"] == "on" else "下架",
        "stock_status": "断货" if row["stock"] == 0 else "充足",
        "template_id": "" if row["kind"] == "card" else "t-account",
        "details": "",
    }


def of_callback(row: Row, changes: dict[str, Any]) -> dict[str, Any]:
    """The fields of a callback, unsigned, all of them text."""
    order = {**json.loads(row["shown"]), **changes}
    return {
        "order_id": order["order_id"],
        "charge_finish_time": order["finish_time"] or "",
        "customer_order_no": order["customer_order_no"],
        "order_status": order["order_state"],
        "recharge_description": order["recharge_description"] or "",
        "product_id": str(order["product_id"]),
        "price": f"{order['order_price']:.4f}",
        "buy_num": str(order["buy_num"]),
        "operator_serial_number": order["operator_serial_number"],
    }
