"""The supplier's catalogue: read from a file at every start, changed by scripts."""

import base64
import binascii
import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from simulators.supply import money
from simulators.supply.store import Row
from simulators.supply.supplier import Refusal, Supplier

KINDS = ("direct", "card")
_UPSERT = """
INSERT INTO product (code, name, kind, face_minor, cost_minor, stock, state, max_quantity)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (code) DO UPDATE SET name = excluded.name,
 kind = excluded.kind, face_minor = excluded.face_minor, cost_minor = excluded.cost_minor,
 stock = excluded.stock, state = excluded.state, max_quantity = excluded.max_quantity
"""


def load(sup: Supplier, path: Path, *, percent: int = 100) -> int:
    """Take in a product file at so many percent of its costs, rounded down to a fen.

    Returns how many. Raises ValueError for a line it cannot read.
    """
    text = path.read_text(encoding="utf-8-sig")
    lines: Iterable[Mapping[str, Any]]
    lines = json.loads(text) if path.suffix == ".json" else csv.DictReader(text.splitlines())
    count = 0
    with sup.store.write():
        for line in lines:
            row = _from_line(line)
            _put(sup, {**row, "cost_minor": row["cost_minor"] * percent // 100})
            count += 1
    return count


def _from_line(line: Mapping[str, Any]) -> Row:
    """Our own columns, or those of a shop's catalogue (`sku_code`, `cost_cny`, `type`)."""
    code = str(line.get("sku_code") or line.get("product") or "").strip()
    if not code:
        raise ValueError(f"a line without product code: {dict(line)}")
    title = " ".join(filter(None, (line.get("product"), line.get("sku"))))
    stock = line.get("stock")
    face = line.get("face_value") or line.get("face_value_cny")
    kind = "card" if line.get("type") == "code" else "direct"
    return {
        "code": code,
        "name": str(line.get("name") or title),
        "kind": str(line.get("kind") or kind),
        "face_minor": money.parse(str(face)) if face else None,
        "cost_minor": money.parse(str(line.get("cost") or line["cost_cny"])),
        "stock": int(stock) if stock not in (None, "") else None,
        "state": str(line.get("state") or "on"),
        "max_quantity": int(line.get("max_quantity") or 100),
    }


def change(sup: Supplier, code: str, values: Mapping[str, Any]) -> Row:
    """Change a product or add one; amounts in fen. Raises ValueError."""
    fresh = _unlisted(code)
    with sup.store.write():
        row = {**(find(sup, code) or fresh), **values}
        if "cost_minor" not in row or set(row) - {*fresh, "cost_minor"}:
            raise ValueError("cost_minor is needed for a new product, and known fields only")
        _put(sup, row)
    return row


def _unlisted(code: str) -> Row:
    """What is taken for granted about a product that only has a code."""
    row: Row = {"code": code, "name": code, "kind": "direct", "face_minor": None}
    return row | {"stock": None, "state": "on", "max_quantity": 100}


def _put(sup: Supplier, row: Row) -> None:
    if row["kind"] not in KINDS or row["state"] not in ("on", "off"):
        raise ValueError(f"kind {row['kind']}, state {row['state']}")
    names = ("code", "name", "kind", "face_minor", "cost_minor", "stock", "state", "max_quantity")
    sup.store.run(_UPSERT, *(row[name] for name in names))


def find(sup: Supplier, code: str) -> Row | None:
    row = sup.store.row("SELECT * FROM product WHERE code = ?", code)
    if row is None and sup.any_product_minor is not None:
        return {**_unlisted(code), "cost_minor": sup.any_product_minor}
    return row


def page(sup: Supplier, *, cursor: str, limit: int) -> tuple[list[Row], str | None]:
    """Products after the cursor, and the next cursor. Raises Refusal for a cursor not of ours."""
    try:
        last = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, "BAD_REQUEST", "cursor") from error
    sql = "SELECT * FROM product WHERE code > ? ORDER BY code LIMIT ?"
    rows = sup.store.rows(sql, last, limit + 1)
    more = len(rows) > limit
    after = base64.urlsafe_b64encode(rows[limit - 1]["code"].encode()).decode() if more else None
    return rows[:limit], after
