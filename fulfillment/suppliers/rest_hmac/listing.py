"""Dialect C's two lists, from a verified answer to goods and movements. Pure; raises nothing."""

import csv
import io
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.crypto import sha256_hex
from core.foreign import is_text
from core.money import BadMoney, parse_minor
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

#: Entries of a page that are looked at; more than this is not a page of ours.
MOST_ITEMS = 2000
CURSOR_CHARACTERS = 256
HEADER = ("type", "id", "external_id", "product", "quantity", "amount", "currency",
          "balance_after", "at")  # fmt: skip
_WHOLE = re.compile(r"[0-9]{1,7}")
KINDS = {
    "ORDER": LineKind.ORDER,
    "REFUND": LineKind.REFUND,
    "REVERSAL": LineKind.REVERSAL,
    "TOPUP": LineKind.TOPUP,
}


def read_page(data: Mapping[str, Any], *, now: datetime) -> CatalogPage:
    """A page of ``GET /v1/products``; what breaks the page as a whole is its ``problem``."""
    entries, cursor = data.get("items"), data.get("next_cursor")
    if not isinstance(entries, list) or len(entries) > MOST_ITEMS:
        return CatalogPage(problem="bad_items")
    if cursor is not None and (not is_text(cursor) or not 1 <= len(cursor) <= CURSOR_CHARACTERS):
        return CatalogPage(problem="bad_cursor")
    return sift([_item(entry, now=now) for entry in entries], next_cursor=cursor or "", as_of=now)


def _item(entry: object, *, now: datetime) -> Item | str:
    if not isinstance(entry, dict):
        return "not_an_object"
    currency, face = entry.get("currency"), entry.get("face_value")
    try:
        cost_minor = _amount(entry.get("cost"), currency)
        face_minor = None if face is None else _amount(face, currency)
    except BadMoney:
        return "bad_money"
    stock: object = entry.get("stock", Stock.UNKNOWN)
    if stock is None:
        stock = Stock.UNLIMITED
    if isinstance(stock, bool) or not isinstance(stock, int | Stock):
        return "bad_stock"
    texts = [entry.get("product"), entry.get("name"), entry.get("kind"), currency]
    if not all(is_text(text) for text in texts) or entry.get("state") not in ("on", "off"):
        return "bad_field"
    return Item(
        supplier_sku=str(texts[0]),
        name=str(texts[1]),
        kind=str(texts[2]),
        cost_minor=cost_minor,
        currency=str(currency),
        face_minor=face_minor,
        stock=stock,
        on_sale=entry["state"] == "on",
        as_of=now,
    )


def _amount(text: object, currency: object) -> int:
    if not is_text(text) or not is_text(currency):
        raise BadMoney("not an amount")
    return parse_minor(str(text)[:32], str(currency))


def read_statement(body: bytes) -> Statement:
    """The file of ``GET /v1/statement``; a line that cannot be read is set aside with its place."""
    digest = sha256_hex(body)
    try:
        rows = csv.DictReader(io.StringIO(body.decode("utf-8"), newline=""), strict=True)
        if tuple(rows.fieldnames or ()) != HEADER:
            return Statement(problem="bad_header", digest=digest, raw=body)
        read = [_line(row) for row in rows]
    except (UnicodeDecodeError, csv.Error):
        return Statement(problem="not_csv", digest=digest, raw=body)
    return Statement(
        lines=tuple(line for line in read if isinstance(line, StatementLine)),
        rejected=tuple(
            Rejected(place, line) for place, line in enumerate(read) if isinstance(line, str)
        ),
        digest=digest,
        raw=body,
    )


def _line(row: Mapping[str, Any]) -> StatementLine | str:
    if None in row or not all(is_text(value) for value in row.values()):
        return "bad_columns"
    kind, quantity = KINDS.get(row["type"]), row["quantity"] or "0"
    if kind is None:
        return "bad_type"
    try:
        at = datetime.fromisoformat(row["at"])
        amount = parse_minor(row["amount"], row["currency"])
        after = parse_minor(row["balance_after"], row["currency"])
    except (BadMoney, ValueError):
        return "bad_figures"
    if at.tzinfo is None or not _WHOLE.fullmatch(quantity):
        return "bad_figures"
    return StatementLine(
        kind=kind,
        supplier_no=row["id"][:64],
        merchant_no=row["external_id"][:64],
        supplier_sku=row["product"][:64],
        quantity=int(quantity),
        amount_minor=amount,
        currency=row["currency"],
        at=at,
        balance_after_minor=after,
    )
