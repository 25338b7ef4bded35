"""A statement of account on the ledger: opening, movements by kind, closing; for suppliers and merchants."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fulfillment.models import PayeeKind

# A purchase sets money aside and takes it later: on all accounts together only the charge is seen.
HEADS = {
    PayeeKind.SUPPLIER: ("supplier_prepaid", "supplier_suspense", "supplier_payable"),
    PayeeKind.MERCHANT: ("merchant_payable",),
}
TITLES: dict[str, Promise] = {
    "supplier.funded": _("Paid in advance"),
    "attempt.succeeded": _("Purchases"),
    "attempt.contradicted": _("Charged without our consent"),
    "attempt.reversed": _("Given back"),
    "stock.bought": _("Codes bought"),
    "consigned.sold": _("Sold for them"),
    "payout.agreed": _("Payouts"),
    "payout.failed": _("Payouts that came back"),
    "redemption": _("Vouchers used"),
    "redemption.undone": _("Uses undone"),
    "correction": _("Corrections"),
}
BEFORE = """
select coalesce(sum(p.amount), 0) from core_posting p join core_journal j on j.id = p.journal_id
where p.account_id = any(%(accounts)s::text[]) and p.currency = %(currency)s and j.at < %(start)s
"""
ENTRIES = """
select j.at, j.kind, j.key, max(p.subject), sum(p.amount)
from core_posting p join core_journal j on j.id = p.journal_id
where p.account_id = any(%(accounts)s::text[]) and p.currency = %(currency)s
  and j.at >= %(start)s and j.at < %(end)s
group by j.id having sum(p.amount) <> 0 order by j.at, j.id
"""
UNDER_WAY = """
select coalesce(sum(amount), 0) from core_posting p
where p.account_id = %(suspense)s and p.currency = %(currency)s
"""
#: More movements than this in one statement belong into several.
MOST_ENTRIES = 50_000


class TooLong(ValueError):
    """More movements than one statement may have; ask for fewer days."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement. Positive: they hold more of our money, or we owe them less."""

    at: datetime
    kind: str
    key: str
    subject: str
    amount_minor: int
    balance_minor: int

    @property
    def title(self) -> str | Promise:
        return TITLES.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class Account:
    """A period of an account; `opening + sum of kinds = closing`, in minor units."""

    opening_minor: int
    entries: Sequence[Entry]
    under_way_minor: int

    @property
    def closing_minor(self) -> int:
        return self.entries[-1].balance_minor if self.entries else self.opening_minor

    @property
    def kinds(self) -> list[tuple[str | Promise, int, int]]:
        """Each kind of movement with how many and how much, in the order of the titles."""
        sums: dict[str, tuple[int, int]] = {}
        for entry in self.entries:
            count, minor = sums.get(entry.kind, (0, 0))
            sums[entry.kind] = (count + 1, minor + entry.amount_minor)
        order = [*TITLES, *sorted(sums.keys() - TITLES.keys())]
        return [(TITLES.get(kind, kind), *sums[kind]) for kind in order if kind in sums]


def account(
    kind: str, payee: str, *, start: datetime, end: datetime, currency: str = "CNY"
) -> Account:
    """The account of a supplier or merchant (its code) in [start, end), in minor units.

    Raises TooLong when it has more than MOST_ENTRIES movements.
    """
    params: dict[str, Any] = {
        "accounts": [f"{head}:{payee}" for head in HEADS[PayeeKind(kind)]], "currency": currency,
        "start": start, "end": end, "suspense": f"supplier_suspense:{payee}",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(BEFORE, params)
        opening = int(cursor.fetchone()[0])
        cursor.execute(ENTRIES, params)
        rows = cursor.fetchmany(MOST_ENTRIES + 1)
        if len(rows) > MOST_ENTRIES:
            raise TooLong(payee)
        entries = list(_running(opening, rows))
        cursor.execute(UNDER_WAY, params)
        under_way = int(cursor.fetchone()[0])
    return Account(opening, entries, under_way if kind == PayeeKind.SUPPLIER else 0)


def _running(balance: int, rows: Sequence[tuple[Any, ...]]) -> Iterator[Entry]:
    for at, kind, key, subject, amount in rows:
        balance += int(amount)
        yield Entry(at, kind, key, subject, int(amount), balance)
