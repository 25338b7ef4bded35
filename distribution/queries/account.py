"""What an outside channel owes, what it may still order for, and every movement of a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from core import ledger
from core.reconciliation.values import day_bounds
from distribution.models import Marketplace
from distribution.postings import account_of

MOST_LINES = 100_000
KINDS = {"account.charged": "下单", "account.credited": "退款", "channel.paid": "充值"}
#: Anything else is a correction that two persons agreed on.
OTHER = "冲正"

MOVES = """
with account as (
    select p.id, j.kind, j.key, j.at, p.subject, -p.amount as amount,
        sum(-p.amount) over (order by j.at, p.id) as after
    from core_posting p join core_journal j on j.id = p.journal_id
    where p.account_id = %(account)s and p.currency = %(currency)s and j.at < %(end)s)
select a.kind, a.at, a.amount, a.after, a.subject, o.number, o.public_id, o.goods, o.quantity
from account a left join distribution_marketorder o on o.order = a.subject and a.subject <> ''
where a.at >= %(start)s order by a.at, a.id limit %(most)s
"""


@dataclass(frozen=True, slots=True)
class Move:
    """One movement; minor units, what the channel was charged is negative."""

    kind: str
    at: datetime
    amount_minor: int
    after_minor: int
    number: str
    platform_no: str
    goods: str
    quantity: int


def owed_minor(market: Marketplace) -> int:
    """What the channel owes us (minor units); negative when it has paid more than it ordered for."""
    return ledger.balance(account_of(market.code), market.currency)


def left_minor(market: Marketplace) -> int:
    """What it may still order for, in minor units."""
    return max(0, market.credit_limit_minor - owed_minor(market))


def moves_of_day(market: Marketplace, day: date) -> Iterator[Move]:
    """Every movement of a day in Shanghai, with the balance after it (negative: owed to us)."""
    start, end = day_bounds(day)
    with connection.cursor() as cursor:
        cursor.execute(
            MOVES,
            {
                "account": account_of(market.code), "currency": market.currency, "start": start,
                "end": end, "most": MOST_LINES,
            },
        )  # fmt: skip
        rows = cursor.fetchall()
    for kind, at, amount, after, subject, number, platform_no, goods, quantity in rows:
        yield Move(
            KINDS.get(kind, OTHER), at, int(amount), int(after), number or subject,
            platform_no or "", goods or "", quantity or 0,
        )  # fmt: skip
