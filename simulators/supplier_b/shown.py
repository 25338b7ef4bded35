"""An order and a product as dialect B shows them."""

from typing import Any
from xml.sax.saxutils import escape

from simulators import clock
from simulators.supply import money
from simulators.supply.store import Row
from simulators.supply.supplier import Supplier

STATES = {
    "PENDING": "1",
    "SUBMITTED": "1",
    "COMPLETED": "0",
    "REJECTED": "2",
    "FAILED": "2",
    "REVERSED": "2",
}
SPI = {"0": "SUCCESS", "1": "UNDERWAY", "2": "FAILED"}


def stamp(unix: float) -> str:
    """`20260101080000`, always Shanghai's."""
    return clock.text(unix)[:19].translate(str.maketrans("", "", "-:T"))


def platform_no(number: int) -> str:
    return f"B{number:011d}"


def shown(sup: Supplier, row: Row, *, cards: bool = True) -> dict[str, Any]:
    return {
        "orderNo": row["external_id"],
        "platformNo": platform_no(row["id"]),
        "goodsId": row["product"],
        "account": row["account"],
        "num": row["quantity"],
        "successNum": row["delivered"],
        "price": money.show(row["unit_minor"] * row["quantity"]),
        "orderStatus": row["odd_word"] or STATES[row["state"]],
        "failCode": row["reason"],
        "finishTime": stamp(row["updated_at"]),
        "cards": _cards(sup, row) if cards and row["state"] == "COMPLETED" else [],
    }


def _cards(sup: Supplier, row: Row) -> list[dict[str, Any]]:
    if row["kind"] != "card":
        return []
    sql = "SELECT number, secret, expires_on FROM granted WHERE order_id = ? ORDER BY unit"
    return [
        {
            "cardNo": card["number"],
            "cardPass": card["secret"],
            "expireDate": card["expires_on"].replace("-", ""),
        }
        for card in sup.store.rows(sql, row["id"])
    ]


def odd_cards(cards: list[dict[str, Any]], how: str) -> list[dict[str, Any]]:
    """The cards as they go out when a script wants something to be wrong with them."""
    match how:
        case "none":
            return []
        case "empty":
            return [{**card, "cardNo": "", "cardPass": ""} for card in cards]
        case "blank":
            return [{**card, "cardNo": " ", "cardPass": None} for card in cards]
        case "bom":
            return [{**card, "cardPass": "\ufeff" + card["cardPass"]} for card in cards]
        case "half":
            return [{"cardNo": 7} for _ in cards]
    return cards


def item(row: Row) -> dict[str, Any]:
    face = row["face_minor"]
    return {
        "goodsId": row["code"],
        "goodsName": row["name"],
        "goodsType": "2" if row["kind"] == "card" else "1",
        "faceValue": None if face is None else money.show(face),
        "price": money.show(row["cost_minor"]),
        "stock": -1 if row["stock"] is None else row["stock"],
        "status": "1" if row["state"] == "on" else "0",
    }


def spi_fields(order: dict[str, Any], *, at: str) -> dict[str, str]:
    """The fields of the marketplace's reply for an order that exists."""
    status = SPI.get(order["orderStatus"], order["orderStatus"])
    snap = "|".join(str(order[name]) for name in ("goodsId", "account", "num", "price"))
    return {
        "tbOrderNo": order["orderNo"],
        "coopOrderNo": order["platformNo"],
        "coopOrderStatus": status,
        "coopOrderSnap": snap,
        "coopOrderSuccessTime": order["finishTime"] if status == "SUCCESS" else "",
        "failedCode": "0501" if status == "FAILED" else "",
        "failedReason": order["failCode"],
        "timestamp": at,
    }


def xml(fields: dict[str, str], charset: str) -> bytes:
    """A flat reply; the declared charset is the one it is written in."""
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    head = f'<?xml version="1.0" encoding="{charset.upper()}"?>'
    return f"{head}<response>{inside}</response>".encode(charset)
