"""A statement of account as a file: text for any program, or a workbook. Texts cannot run there."""

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal

import openpyxl
from django.utils.translation import gettext as _

from core.cells import harmless
from core.money import decimal_text
from core.reconciliation.values import ZONE
from fulfillment.queries.account import Account

#: Spreadsheets read a file with a byte mark as UTF-8.
MARK = "\ufeff"
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
Row = tuple[str | Decimal, ...]


def statement_rows(found: Account, currency: str) -> Iterator[Row]:
    """Opening, every movement, closing: amounts in major units, times in Asia/Shanghai."""
    yield (_("Time"), _("Movement"), _("Journal"), _("About"), _("Amount"), _("Balance"),
           _("Currency"))  # fmt: skip
    yield "", _("Opening"), "", "", "", major(found.opening_minor, currency), currency
    for entry in found.entries:
        yield (
            entry.at.astimezone(ZONE).isoformat(timespec="seconds"), harmless(str(entry.title)),
            harmless(entry.key), harmless(entry.subject), major(entry.amount_minor, currency),
            major(entry.balance_minor, currency), currency,
        )  # fmt: skip
    yield "", _("Closing"), "", "", "", major(found.closing_minor, currency), currency


def major(minor: int, currency: str) -> Decimal:
    """An amount as a spreadsheet adds it up: 1234 minor units of CNY are 12.34."""
    return Decimal(decimal_text(minor, currency))


def as_file(rows: Iterable[Row], kind: str) -> bytes:
    """The rows as ``csv`` or ``xlsx``. Raises KeyError for another kind of file."""
    return {"csv": _text, "xlsx": _workbook}[kind](rows)


def _text(rows: Iterable[Row]) -> bytes:
    out = io.StringIO(newline="")
    out.write(MARK)
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def _workbook(rows: Iterable[Row]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(_("Statement"))
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
