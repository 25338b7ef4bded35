"""Money in our hands that is not ours, and what stands against it: one sum a kind of account."""

from dataclasses import dataclass

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core import ledger
from core.money import format_minor

SUMS = """
select split_part(p.account_id, ':', 1), a.kind, p.currency, sum(p.amount)
from core_posting p join core_ledgeraccount a on a.code = p.account_id
where a.kind in ('asset', 'liability') group by 1, 2, 3 having sum(p.amount) <> 0 order by 1, 3
"""
#: Money, as against goods and claims.
MONEY = frozenset({"bank", "psp_clearing", "supplier_prepaid"})


@dataclass(frozen=True, slots=True)
class Group:
    """A side of the page: what it is, its lines (name, amount), its totals by currency."""

    title: str | Promise
    lines: list[tuple[str, str]]
    totals: list[str]


def held_for_others() -> list[Group]:
    """What we owe to others by kind of account, beside the money there is to pay it from."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS)
        rows = cursor.fetchall()
    owed = [(head, cur, -int(n)) for head, kind, cur, n in rows if kind == "liability"]
    money = [(head, cur, int(n)) for head, kind, cur, n in rows if head in MONEY]
    return [
        _group(_("Owed to others: not ours"), owed),
        _group(_("Money in hand, at providers and at suppliers"), money),
    ]


def _group(title: str | Promise, rows: list[tuple[str, str, int]]) -> Group:
    sums: dict[str, int] = {}
    for _head, currency, minor in rows:
        sums[currency] = sums.get(currency, 0) + minor
    lines = [(_name(head), format_minor(minor, currency)) for head, currency, minor in rows]
    return Group(title, lines, [format_minor(minor, cur) for cur, minor in sums.items()])


def _name(head: str) -> str:
    row = ledger.CHART.find(head)
    return str(row.title) if row else head
