"""Money in our hands that is not ours, and what stands against it: one sum a kind of account."""

from dataclasses import dataclass

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core import ledger
from core.money import format_minor

SUMS = """
select split_part(p.account_id, ':', 1), a.kind, p.currency, sum(p.amount)
from core_posting p join core_ledgeraccount a on a.code = p.account_id
where a.kind in ('asset', 'liability') group by 1, 2, 3 having sum(p.amount) <> 0 order by 1, 3
"""
#: What others can be paid from; goods, claims and what lies at suppliers is not.
MONEY = frozenset({"bank", "psp_clearing"})


@dataclass(frozen=True, slots=True)
class Group:
    """A side of the page: what it is, its lines (name, amount), its totals by currency."""

    title: str | Promise
    lines: list[tuple[str, str]]
    totals: list[str]


@dataclass(frozen=True, slots=True)
class Cover:
    """Whether the money in hand covers what is owed, in one currency: ``calm``, ``grave`` or neither."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Held:
    """What is not ours beside what there is to pay it from."""

    groups: list[Group]
    covers: list[Cover]


def held_for_others() -> Held:
    """What we owe to others by kind of account, beside bank and providers, and whether it is enough."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS)
        rows = cursor.fetchall()
    owed = [(head, cur, -int(n)) for head, kind, cur, n in rows if kind == "liability"]
    money = [(head, cur, int(n)) for head, kind, cur, n in rows if head in MONEY]
    groups = [
        _group(_("Owed to others: not ours"), owed),
        _group(_("Money at the bank and at payment providers"), money),
    ]
    bank = {currency: minor for head, currency, minor in money if head == "bank"}
    left: dict[str, int] = {}
    for _head, currency, minor in [*money, *((head, cur, -minor) for head, cur, minor in owed)]:
        left[currency] = left.get(currency, 0) + minor
    covers = [
        _cover(minor, bank.get(currency, 0), currency) for currency, minor in sorted(left.items())
    ]
    return Held(groups, covers)


def _cover(left: int, bank: int, currency: str) -> Cover:
    """``left`` and ``bank`` in minor units. A bank account below nothing says that it was never opened."""
    amount = {"amount": format_minor(abs(left), currency)}
    if left >= 0:
        return Cover(
            "calm",
            gettext("What is owed to others is there; %(amount)s beyond it is ours.") % amount,
        )
    if bank < 0:
        return Cover("", gettext("Compare what is owed with the bank's own balance."))
    return Cover("grave", gettext("%(amount)s is missing to pay what is owed to others.") % amount)


def _group(title: str | Promise, rows: list[tuple[str, str, int]]) -> Group:
    sums: dict[str, int] = {}
    for _head, currency, minor in rows:
        sums[currency] = sums.get(currency, 0) + minor
    lines = [(_name(head), format_minor(minor, currency)) for head, currency, minor in rows]
    return Group(title, lines, [format_minor(minor, cur) for cur, minor in sums.items()])


def _name(head: str) -> str:
    row = ledger.CHART.find(head)
    return str(row.title) if row else head
