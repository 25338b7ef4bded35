"""Seeded differences in a daily file: reconciliation is checked against a known list."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from simulators.store import Store

Line = dict[str, str]
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS break (id INTEGER PRIMARY KEY, day TEXT NOT NULL, kind TEXT NOT"
    " NULL, line_key TEXT NOT NULL, field TEXT NOT NULL DEFAULT '', value TEXT NOT NULL DEFAULT '',"
    " extra TEXT NOT NULL DEFAULT '')"
)
KINDS = ("missing", "extra", "amount", "type", "duplicate", "timing", "fee")
# Only when asked for by name.
RARE = ("number", "currency")


@dataclass(frozen=True)
class Shape:
    """How a file is built: which fields name a line, and which may be wrong."""

    header: tuple[str, ...]
    key: tuple[str, ...]
    amount: str
    types: tuple[str, str]
    fee: str = ""
    theirs: str = ""

    def key_of(self, line: Line) -> str:
        return "|".join(line[name] for name in self.key)


def plant(
    store: Store,
    shape: Shape,
    lines: Sequence[Line],
    *,
    day: str,
    count: int,
    seed: int,
    kinds: Sequence[str],
) -> list[dict[str, Any]]:
    """Choose lines of a day and note what shall be wrong with each. Raises ValueError."""
    known = (*KINDS, *RARE)
    usable = [kind for kind in kinds if kind in known and (kind != "fee" or shape.fee)]
    if not usable or count > len(lines):
        raise ValueError(f"{count} breaks of {list(kinds)} do not fit {len(lines)} lines")
    draw = random.Random(f"{seed}:{day}")
    planted = []
    with store.write():
        for at, line in enumerate(draw.sample(list(lines), count)):
            row = _row(shape, line, usable[at % len(usable)], draw)
            store.insert("break", {"day": day, **row})
            planted.append({"day": day, **row})
    return planted


def _row(shape: Shape, line: Line, kind: str, draw: random.Random) -> dict[str, str]:
    row = {"kind": kind, "line_key": shape.key_of(line), "field": "", "value": "", "extra": ""}
    if kind in ("amount", "fee"):
        name = shape.amount if kind == "amount" else shape.fee
        row |= {"field": name, "value": _other_amount(line[name], draw)}
    elif kind == "type":
        first, second = shape.types
        row |= {"field": "type", "value": second if line["type"] == first else first}
    elif kind == "number":
        row |= {"field": shape.theirs, "value": _drawn(draw)}
    elif kind == "currency":
        row |= {"field": "currency", "value": "USD"}
    elif kind == "extra":
        row["extra"] = _drawn(draw)
    return row


def _drawn(draw: random.Random) -> str:
    return "X" + "".join(draw.choice("0123456789ABCDEF") for _ in range(15))


def _other_amount(text: str, draw: random.Random) -> str:
    """One to ninety-nine of the smallest unit more, in the notation of the file."""
    step = draw.randint(1, 99)
    if "." not in text:
        return str(int(text) + step)
    sign = "-" if text.startswith("-") else ""
    minor = int(text.replace(".", "").lstrip("-")) + step
    return f"{sign}{minor // 100}.{minor % 100:02d}"


def apply(
    store: Store, shape: Shape, lines: Sequence[Line], before: Sequence[Line], day: str
) -> list[Line]:
    """The lines of a day with its breaks; `before` are the true lines of the day before."""
    yesterday = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    today = {row["line_key"]: row for row in _of(store, day)}
    late = {row["line_key"] for row in _of(store, yesterday) if row["kind"] == "timing"}
    out = [line for line in before if shape.key_of(line) in late]
    for line in lines:
        row = today.get(shape.key_of(line))
        out += [line] if row is None else _wrong(shape, line, row)
    return out


def _wrong(shape: Shape, line: Line, row: dict[str, Any]) -> list[Line]:
    match row["kind"]:
        case "missing" | "timing":
            return []
        case "duplicate":
            return [line, line]
        case "extra":
            invented = {name: row["extra"] for name in shape.key if line[name] and name != "type"}
            return [line, line | invented]
        case _:
            return [line | {row["field"]: row["value"]}]


def _of(store: Store, day: str) -> list[dict[str, Any]]:
    return store.rows("SELECT * FROM break WHERE day = ? ORDER BY id", day)


def csv_text(shape: Shape, lines: Sequence[Line]) -> str:
    rows = [",".join(shape.header), *(",".join(line[n] for n in shape.header) for line in lines)]
    return "\n".join(rows) + "\n"
