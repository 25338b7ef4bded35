"""A person's balance in the ledger: where it comes from, and putting money on it.

Entries (debit / credit), minor units: a given card balance_given / balance; a sold one cards_sold /
balance; held balance / balance_held; spent balance_held / order_obligation; refunded what the
refund takes it from / balance; corrected balance_corrected / balance (decision 0008).
"""

from datetime import datetime

from core import ledger
from core.ledger import Line
from core.tx import part
from orders.models import ExchangeBatch
from orders.models.exchange import Origin
from orders.queries.balance import account

GIVEN, CORRECTED = "balance_given", "balance_corrected"
SOLD, RECEIVABLE = "cards_sold", "cards_receivable"
KIND = "balance"


@part
def move(  # noqa: PLR0913
    *, key: str, kind: str, to: str, out: str, amount_minor: int, currency: str, subject: str,
    now: datetime, note: str = "",
) -> bool:  # fmt: skip
    """One journal from `out` (credited) to `to` (debited); False when posted before or of nothing.

    Raises core.ledger.FloorBreached when a balance would fall below zero.
    """
    lines = (
        Line(to, amount_minor, subject, currency), Line(out, -amount_minor, subject, currency),
    )  # fmt: skip
    return ledger.post(key=key, kind=kind, lines=lines, now=now, note=note)


@part
def credit(  # noqa: PLR0913
    *, owner: str, amount_minor: int, source: str, key: str, kind: str, currency: str, subject: str,
    now: datetime, note: str = "",
) -> bool:  # fmt: skip
    """Put money on a person's balance, once for an event `key`, taken from account `source`."""
    return move(
        key=key, kind=kind, to=source, out=account(owner), amount_minor=amount_minor,
        currency=currency, subject=subject, now=now, note=note,
    )  # fmt: skip


@part
def book_cards(batch: ExchangeBatch, *, now: datetime) -> bool:
    """Codes of a sold balance are in force: what they stand for is owed, and their price due to us.

    Once for a batch; False for any other kind of code. Face values in minor units.
    """
    if batch.kind != KIND or batch.origin != Origin.SOLD:
        return False
    return move(
        key=f"cards.sold:{batch.public_id}", kind="cards.sold", to=RECEIVABLE, out=SOLD,
        amount_minor=batch.amount * batch.size, currency=batch.currency, subject=batch.public_id,
        now=now,
    )  # fmt: skip
