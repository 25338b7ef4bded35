"""The gateway's bill of a day, line by line. Pure."""

import re
from datetime import datetime

from core.reconciliation.reading import Row, read_csv
from core.reconciliation.values import Fetched, Line

HEADER = (
    "type", "number", "txn", "refund_number", "refund_txn",
    "amount_minor", "currency", "at", "fee_minor",
)  # fmt: skip
KINDS = {"PAYMENT": ("payment", 1), "REFUND": ("refund", -1)}
DIGITS = re.compile(r"[0-9]{1,12}")
CURRENCY = re.compile(r"[A-Z]{3}")
LONGEST_NUMBER = 64


def read(raw: bytes) -> Fetched:
    """Lines in minor units, refunds negative. Raises core.reconciliation.values.Unavailable."""
    return read_csv(raw, header=HEADER, line_of=_line)


def _line(row: Row) -> Line:
    """A refund is known by its own numbers; whatever else the line says, they are the narrower."""
    if row["type"] not in KINDS:
        raise ValueError("neither a payment nor a refund")
    kind, sign = KINDS[row["type"]]
    if not DIGITS.fullmatch(row["amount_minor"]) or not DIGITS.fullmatch(row["fee_minor"]):
        raise ValueError("not an amount")
    at = datetime.fromisoformat(row["at"])
    number, their_no = row["refund_number"] or row["number"], row["refund_txn"] or row["txn"]
    if at.tzinfo is None or not CURRENCY.fullmatch(row["currency"]):
        raise ValueError("not a time or not a currency")
    if not number or max(len(number), len(their_no)) > LONGEST_NUMBER:
        raise ValueError("no number")
    return Line(
        kind=kind, number=number, their_no=their_no,
        amount_minor=sign * int(row["amount_minor"]), fee_minor=int(row["fee_minor"]),
        currency=row["currency"], at=at,
    )  # fmt: skip
