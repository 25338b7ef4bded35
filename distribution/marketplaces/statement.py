"""The statement of an outside channel's account, in the columns of dialect B. Pure."""

import csv
import io
from collections.abc import Iterable

from core.money import decimal_text
from distribution.queries.account import Move
from fulfillment.suppliers.form_md5.listing import HEADER
from fulfillment.suppliers.form_md5.signing import SHANGHAI


def statement_text(moves: Iterable[Move], currency: str) -> str:
    """CSV with a Chinese header, lines ended by CR LF; money that was charged is negative."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(_line(move, currency) for move in moves)
    return out.getvalue()


def _line(move: Move, currency: str) -> list[str]:
    return [
        move.kind,
        move.platform_no,
        move.number,
        move.goods,
        str(move.quantity) if move.quantity else "",
        decimal_text(move.amount_minor, currency),
        decimal_text(move.after_minor, currency),
        move.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
    ]
