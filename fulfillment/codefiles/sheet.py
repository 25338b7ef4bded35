"""Workbooks: a bounded look into a foreign zip file, read row by row."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import openpyxl

from fulfillment.codefiles.limits import (
    MAX_SHEET_COLUMNS,
    MAX_SHEET_PARTS,
    MAX_SHEET_ROWS,
    MAX_SHEET_STRINGS,
    MAX_SHEET_UNPACKED,
)
from fulfillment.codefiles.parse import LOSSY
from fulfillment.codefiles.store import FileRefused

# A spreadsheet keeps fifteen digits; a longer number in a number cell has lost the rest.
EXACT_DIGITS = 15
STRINGS_PART = "xl/sharedStrings.xml"
HEAD_BYTES = 64 * 1024
ENCRYPTED = 0x1


def as_lines(data: bytes) -> Iterator[bytes]:
    """The first sheet as CSV lines in UTF-8. Raises FileRefused (bad_sheet, sheet_too_big)."""
    _inspect(data)
    try:
        yield from _rows(data)
    except FileRefused:
        raise
    except Exception as error:  # a foreign file can break a reader in any way
        raise FileRefused("bad_sheet") from error


def _rows(data: bytes) -> Iterator[bytes]:
    book = openpyxl.load_workbook(
        io.BytesIO(data), read_only=True, data_only=False, keep_links=False
    )
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # The size a file claims for itself is not believed.
    for number, row in enumerate(sheet.iter_rows(max_col=MAX_SHEET_COLUMNS, values_only=True)):
        if number >= MAX_SHEET_ROWS:
            raise FileRefused("sheet_too_big")
        yield _line(row)


def _inspect(data: bytes) -> None:
    """Refuse bombs, ciphers, strange paths and document types before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_SHEET_PARTS or sum(p.file_size for p in parts) > MAX_SHEET_UNPACKED:
                raise FileRefused("sheet_too_big")
            for part in parts:
                _inspect_part(archive, part)
    except (zipfile.BadZipFile, RuntimeError, EOFError) as error:
        raise FileRefused("bad_sheet") from error


def _inspect_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    if part.flag_bits & ENCRYPTED or ".." in part.filename or part.filename.startswith("/"):
        raise FileRefused("bad_sheet")
    if part.filename == STRINGS_PART and part.file_size > MAX_SHEET_STRINGS:
        raise FileRefused("sheet_too_big")
    if part.filename.endswith((".xml", ".rels")):
        with archive.open(part) as opened:
            head = opened.read(HEAD_BYTES).replace(b"\x00", b"").upper()
        if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
            raise FileRefused("bad_sheet")


def _line(row: tuple[Any, ...]) -> bytes:
    cells = [_text(value) for value in row]
    if LOSSY in cells:
        return LOSSY.encode() + b"\n"
    while cells and not cells[-1]:
        cells.pop()
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue().encode() if cells else b"\n"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and len(str(abs(value))) > EXACT_DIGITS:
        return LOSSY
    # A line end inside a cell would cut the line in two: it becomes a character that is refused.
    return str(value).replace("\r", "\x0b").replace("\n", "\x0b")
