"""Dialect A's two lists, from verified results to goods and movements. Pure; raises nothing."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from fulfillment.suppliers.gateway_md5.reading import minor, word
from fulfillment.suppliers.gateway_md5.signing import SHANGHAI, TIME
from fulfillment.suppliers.lists import (
    CatalogPage,
    Item,
    LineKind,
    Rejected,
    StatementLine,
    Stock,
    sift,
)
from fulfillment.suppliers.telling import Unreadable

#: The list comes whole; more than this is none of ours.
MOST_ITEMS = 20_000
MOST_PAGES, LINES_A_PAGE = 200, 1000
KINDS = {"卡密": "card", "直充": "direct"}
ON_SALE = {"上架": True, "下架": False, "维护中": False}
STOCK: dict[str, int | Stock] = {"断货": 0, "警报": Stock.UNKNOWN, "充足": Stock.UNKNOWN}
LINES = {
    "order": LineKind.ORDER,
    "refund": LineKind.REFUND,
    "reversal": LineKind.REVERSAL,
    "topup": LineKind.TOPUP,
}


def read_goods(result: object, *, now: datetime) -> CatalogPage:
    """The whole list of goods as one page. Stock is a word in this dialect: none, or some."""
    if not isinstance(result, list) or len(result) > MOST_ITEMS:
        return CatalogPage(problem="bad_items")
    return sift([_item(entry, now=now) for entry in result], as_of=now)


def _item(entry: object, *, now: datetime) -> Item | str:
    if not isinstance(entry, dict):
        return "not_an_object"
    face = entry.get("face_value")
    try:
        cost_minor = minor(entry.get("purchase_price"))
        face_minor = None if face is None else minor(face)
    except Unreadable:
        return "bad_money"
    kind = KINDS.get(word(entry.get("product_type")))
    on_sale = ON_SALE.get(word(entry.get("sales_status")))
    if kind is None or on_sale is None:
        # 话费 and 流量 are ordered by face value, not from this list.
        return "bad_field"
    return Item(
        supplier_sku=word(entry.get("product_id"), 65),
        name=word(entry.get("product_name"), 201),
        kind=kind,
        cost_minor=cost_minor,
        face_minor=face_minor,
        stock=STOCK.get(word(entry.get("stock_status")), Stock.UNKNOWN),
        on_sale=on_sale,
        as_of=now,
    )


def read_price(result: object, *, supplier_sku: str) -> int | None:
    """What a single good costs now, in minor units; None when the answer is not about it."""
    if not isinstance(result, dict) or word(result.get("product_id")) != supplier_sku:
        return None
    try:
        return minor(result.get("purchase_price"))
    except Unreadable:
        return None


def read_lines(
    result: object, *, day: date, page: int
) -> tuple[int, list[StatementLine | Rejected]]:
    """How many pages there are, and the lines of this one. Raises ``Unreadable``.

    The page must say which day and page it is: the signature would not.
    """
    if not isinstance(result, dict) or result.get("day") != day.isoformat():
        raise Unreadable("other_day")
    if result.get("page") != page:
        raise Unreadable("other_page")
    pages, lines = result.get("pages"), result.get("lines")
    if not isinstance(pages, int) or not 1 <= pages <= MOST_PAGES:
        raise Unreadable("bad_pages")
    if not isinstance(lines, list) or len(lines) > LINES_A_PAGE:
        raise Unreadable("bad_lines")
    read = [_line(line) for line in lines]
    return pages, [
        Rejected(at, one) if isinstance(one, str) else one for at, one in enumerate(read)
    ]


def _line(line: object) -> StatementLine | str:
    if not isinstance(line, dict):
        return "not_an_object"
    kind = LINES.get(word(line.get("type")))
    if kind is None:
        return "bad_type"
    try:
        return _movement(line, kind)
    except (Unreadable, ValueError):
        return "bad_figures"


def _movement(line: Mapping[str, Any], kind: LineKind) -> StatementLine:
    quantity = word(line.get("buy_num"), 8) or "0"
    after = line.get("balance_after")
    at = datetime.strptime(word(line.get("time")), TIME).replace(tzinfo=SHANGHAI)
    return StatementLine(
        kind=kind,
        supplier_no=word(line.get("order_id")),
        merchant_no=word(line.get("customer_order_no")),
        supplier_sku=word(line.get("product_id")),
        quantity=int(quantity),
        amount_minor=minor(line.get("amount")),
        currency="CNY",
        at=at,
        balance_after_minor=None if after is None else minor(after),
    )
