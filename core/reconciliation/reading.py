"""A statement as a file: character set, header, and a verdict for each line. Pure.

One bad line never spoils the others, and is never dropped in silence.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence

from core.foreign import is_text
from core.money import BadMoney
from core.reconciliation.statements import LARGEST_FILE, MOST_LINES
from core.reconciliation.values import Fetched, Line, Unavailable

#: A statement line is short; more than this is something else.
LONGEST_LINE = 4096
CHARSETS = ("utf-8-sig", "gb18030")

Row = Mapping[str, str]


def read_csv(raw: bytes, *, header: Sequence[str], line_of: Callable[[Row], Line]) -> Fetched:
    """Read a CSV with exactly this header; `line_of` raises ValueError for a row it cannot read.

    UTF-8 (with or without mark) or GB18030; lines ended by LF or CRLF. Raises Unavailable when the
    file as a whole is none of ours: too large, not text, another header.
    """
    if len(raw) > LARGEST_FILE:
        raise Unavailable("the file is too large")
    texts = _lines(_decoded(raw))
    if next(texts, "").split(",") != list(header):
        raise Unavailable("not a file of this kind: its header line is another")
    lines: list[Line] = []
    rejected: list[tuple[int, str]] = []
    for position, text in enumerate(texts, start=1):
        if position > MOST_LINES:
            raise Unavailable("more lines than a day has")
        try:
            lines.append(line_of(_row(text, header)))
        except (ValueError, KeyError, BadMoney) as error:
            rejected.append((position, str(error)[:80] or type(error).__name__))
    return Fetched(raw=raw, lines=lines, rejected=rejected)


def _decoded(raw: bytes) -> str:
    for charset in CHARSETS:
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            continue
    raise Unavailable("neither UTF-8 nor GB18030")


def _lines(text: str) -> Iterator[str]:
    body = text.replace("\r\n", "\n")
    yield from (body.removesuffix("\n")).split("\n") if body else ()


def _row(text: str, header: Sequence[str]) -> Row:
    if len(text) > LONGEST_LINE:
        raise ValueError("the line is too long")
    try:
        values = next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise ValueError("not CSV") from error
    if len(values) != len(header):
        raise ValueError("another number of columns")
    if not all(is_text(value) and value.isprintable() for value in values):
        raise ValueError("characters that are no text")
    return dict(zip(header, values, strict=True))
