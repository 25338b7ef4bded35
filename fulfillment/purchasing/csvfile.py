"""A CSV of daily sales (sku, date, units) becomes series; every line that is not taken says why."""

import csv
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from fulfillment.purchasing.series import DAY, Series

COLUMNS = ("sku", "date", "units")
MOST_LINES = 2_000_000
MOST_SKUS = 5_000
MOST_DAYS = 3_700
MOST_UNITS = 10_000_000
LONGEST_SKU = 80


class BadFile(ValueError):
    """The file as a whole cannot be read; the message is a key of why."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """Line number, counted from 1 with the header, and a key of why it was not taken."""

    line: int
    why: str


@dataclass(slots=True)
class DailySales:
    """What a file said. Lines of one SKU and day are added up; days without a line sold nothing."""

    series: list[Series] = field(default_factory=list)
    refused: list[BadLine] = field(default_factory=list)
    taken: int = 0
    added_up: int = 0


def read_sales(lines: Iterable[str]) -> DailySales:
    """Read the file. An empty ``units`` is a sold-out day. Raises BadFile.

    A SKU's history runs from its first to the file's last day: goods that stopped selling stop.
    """
    reader = csv.reader(lines)
    found = DailySales()
    where = _columns(next(reader, None))
    days: dict[str, dict[date, int | None]] = defaultdict(dict)
    for row in reader:
        if reader.line_num > MOST_LINES:
            raise BadFile("too_many_lines")
        if not any(cell.strip() for cell in row):
            continue
        read = _line(row, where)
        if isinstance(read, str):
            found.refused.append(BadLine(reader.line_num, read))
            continue
        sku, day, units = read
        if sku not in days and len(days) >= MOST_SKUS:
            found.refused.append(BadLine(reader.line_num, "too_many_skus"))
            continue
        found.added_up += day in days[sku]
        days[sku][day] = _sum(days[sku].get(day, 0), units)
        found.taken += 1
    return _finish(found, days)


def _columns(header: list[str] | None) -> dict[str, int]:
    names = [cell.strip().strip("\ufeff").lower() for cell in header or []]
    if not set(COLUMNS) <= set(names):
        raise BadFile("no_columns")
    return {name: names.index(name) for name in COLUMNS}


def _line(row: list[str], where: dict[str, int]) -> tuple[str, date, int | None] | str:
    if len(row) <= max(where.values()):
        return "too_few_cells"
    sku, day_text, units_text = (row[where[name]].strip() for name in COLUMNS)
    if not sku or len(sku) > LONGEST_SKU:
        return "bad_sku"
    try:
        day = date.fromisoformat(day_text.replace("/", "-"))
    except ValueError:
        return "bad_date"
    units = _units(units_text)
    return units if isinstance(units, str) else (sku, day, units)


def _units(text: str) -> int | str | None:
    if not text:
        return None
    if not text.isascii() or not text.lstrip("-").isdigit():
        return "bad_units"
    if text.startswith("-"):
        return "negative_units"
    units = int(text) if len(text) <= len(str(MOST_UNITS)) else MOST_UNITS + 1
    return units if units <= MOST_UNITS else "too_many_units"


def _sum(before: int | None, units: int | None) -> int | None:
    return None if before is None or units is None else before + units


def _finish(found: DailySales, days: dict[str, dict[date, int | None]]) -> DailySales:
    if not days:
        return found
    last = max(max(known) for known in days.values())
    for sku, known in sorted(days.items()):
        first = min(known)
        length = (last - first).days + 1
        if length > MOST_DAYS:
            first, length = last - (MOST_DAYS - 1) * DAY, MOST_DAYS
        units = tuple(known.get(first + place * DAY, 0) for place in range(length))
        found.series.append(Series(sku, first, units))
    return found
