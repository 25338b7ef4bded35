"""A supplier's statement that a person brings: the house's own columns, whatever the supplier speaks.

    type,id,external_id,product,quantity,amount,currency,balance_after,at

`type` is ORDER, REFUND, REVERSAL or TOPUP; amounts are decimal, what was charged is negative; `at` has an
offset. Columns that are not known stay empty.
"""

import re
from datetime import datetime

from core.money import parse_minor
from core.reconciliation.reading import Row, read_csv
from core.reconciliation.values import Fetched, Line
from fulfillment.suppliers.lists import LineKind, Statement

HEADER = (
    "type", "id", "external_id", "product", "quantity", "amount", "currency", "balance_after", "at",
)  # fmt: skip
KINDS = {kind.name: kind.value for kind in LineKind}
LONGEST_NUMBER = 64
CURRENCY = re.compile(r"[A-Z]{3}")


def read(raw: bytes) -> Fetched:
    """Read the file. Raises core.reconciliation.values.Unavailable when it is another."""
    return read_csv(raw, header=HEADER, line_of=_line)


def _line(row: Row) -> Line:
    at = datetime.fromisoformat(row["at"])
    if row["type"] not in KINDS or at.tzinfo is None or not CURRENCY.fullmatch(row["currency"]):
        raise ValueError("type, time or currency")
    if max(len(row["external_id"]), len(row["id"])) > LONGEST_NUMBER:
        raise ValueError("the number is too long")
    after = row["balance_after"]
    return Line(
        kind=KINDS[row["type"]], number=row["external_id"], their_no=row["id"],
        amount_minor=parse_minor(row["amount"], row["currency"]), currency=row["currency"], at=at,
        after_minor=parse_minor(after, row["currency"]) if after else None,
    )  # fmt: skip


def of_statement(told: Statement) -> Fetched:
    """What an adapter read, in the shape of comparisons; lines keep the order of the file."""
    refused = [(each.place + 1, each.why) for each in told.rejected]
    lines = [
        Line(
            kind=each.kind.value, number=each.merchant_no, their_no=each.supplier_no,
            amount_minor=each.amount_minor, currency=each.currency, at=each.at,
            after_minor=each.balance_after_minor,
        )
        for each in told.lines
    ]  # fmt: skip
    return Fetched(raw=told.raw, lines=lines, rejected=refused)
