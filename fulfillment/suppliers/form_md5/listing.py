"""Dialect B's two lists, from verified data to goods and movements. Pure; raises nothing."""

import csv
import io
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from core.foreign import is_text
from core.money import BadMoney, parse_minor
from fulfillment.suppliers.form_md5.reading import amount, word
from fulfillment.suppliers.form_md5.signing import SHANGHAI
from fulfillment.suppliers.lists import (
    CatalogPage,
    Item,
    LineKind,
    Rejected,
    Statement,
    StatementLine,
    Stock,
    sift,
)
from fulfillment.suppliers.telling import Unreadable

MOST_ITEMS = 2000
CURSOR_CHARACTERS = 256
KINDS = {"1": "direct", "2": "card"}
HEADER = ["类型", "平台单号", "订单号", "商品编号", "数量", "金额", "余额", "时间"]
LINES = {
    "下单": LineKind.ORDER,
    "退款": LineKind.REFUND,
    "冲正": LineKind.REVERSAL,
    "充值": LineKind.TOPUP,
}
_WHOLE = re.compile(r"[0-9]{1,7}")


def read_page(data: object, *, now: datetime) -> CatalogPage:
    """A page of ``goodsList``; ``next`` is the cursor of the page after it."""
    if not isinstance(data, dict):
        return CatalogPage(problem="not_an_object")
    entries, cursor = data.get("goods"), data.get("next", "")
    if not isinstance(entries, list) or len(entries) > MOST_ITEMS:
        return CatalogPage(problem="bad_items")
    if not is_text(cursor) or len(cursor) > CURSOR_CHARACTERS:
        return CatalogPage(problem="bad_cursor")
    return sift([_item(entry, now=now) for entry in entries], next_cursor=cursor, as_of=now)


def _item(entry: object, *, now: datetime) -> Item | str:
    if not isinstance(entry, dict):
        return "not_an_object"
    face, stock = entry.get("faceValue"), entry.get("stock")
    try:
        cost_minor = amount(entry.get("price"))
        face_minor = None if face is None else amount(face)
    except Unreadable:
        return "bad_money"
    if isinstance(stock, bool) or not isinstance(stock, int | None):
        return "bad_stock"
    kind, status = KINDS.get(word(entry.get("goodsType"))), entry.get("status")
    if kind is None or status not in ("0", "1"):
        return "bad_field"
    left: int | Stock = Stock.UNKNOWN if stock is None else stock
    return Item(
        supplier_sku=word(entry.get("goodsId"), 65),
        name=word(entry.get("goodsName"), 201),
        kind=kind,
        cost_minor=cost_minor,
        face_minor=face_minor,
        stock=Stock.UNLIMITED if stock == -1 else left,
        on_sale=status == "1",
        as_of=now,
    )


def read_statement(data: object, *, day: date, digest: str) -> Statement:
    """The file of ``statement``: CSV with a Chinese header, already decoded."""
    if not isinstance(data, dict) or data.get("day") != day.isoformat():
        return Statement(problem="other_day", digest=digest)
    text = data.get("file")
    if not isinstance(text, str) or not is_text(text):
        return Statement(problem="no_file", digest=digest)
    raw = text.encode()
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return Statement(problem="not_csv", digest=digest, raw=raw)
    if not rows or rows[0] != HEADER:
        return Statement(problem="bad_header", digest=digest, raw=raw)
    read = [_line(row) for row in rows[1:]]
    return Statement(
        lines=tuple(line for line in read if isinstance(line, StatementLine)),
        rejected=tuple(Rejected(at, why) for at, why in enumerate(read) if isinstance(why, str)),
        digest=digest,
        raw=raw,
    )


def _line(row: list[str]) -> StatementLine | str:
    if len(row) != len(HEADER):
        return "bad_columns"
    told = dict(zip(HEADER, row, strict=True))
    kind = LINES.get(told["类型"])
    if kind is None:
        return "bad_type"
    try:
        return _movement(told, kind)
    except (BadMoney, ValueError):
        return "bad_figures"


def _movement(told: Mapping[str, Any], kind: LineKind) -> StatementLine:
    quantity = told["数量"] or "0"
    if not _WHOLE.fullmatch(quantity):
        raise ValueError(quantity)
    at = datetime.strptime(told["时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    return StatementLine(
        kind=kind,
        supplier_no=told["平台单号"][:64],
        merchant_no=told["订单号"][:64],
        supplier_sku=told["商品编号"][:64],
        quantity=int(quantity),
        amount_minor=parse_minor(told["金额"][:32]),
        currency="CNY",
        at=at,
        balance_after_minor=parse_minor(told["余额"][:32]),
    )
