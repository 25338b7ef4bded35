"""Goods that are paid when sold become owed when they are sold.

Selling knows nothing of it: what has left the stock of a consigned batch is counted afterwards, and
what is not posted yet is posted. The counts themselves are the queue; any number of runs gives the same.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from core.each import each
from core.reconciliation.turn import take_turn
from core.tx import step
from fulfillment import settling

# What left a batch, beside what the ledger says has left it.
LEFT = """
select b.id, s.code, b.public_id, b.cost_minor, b.currency,
    count(c.id) filter (where c.state = 'sold') as sold,
    count(c.id) filter (where c.state in ('void', 'expired')) as lost,
    coalesce((select sum(p.amount) from core_posting p join core_journal j on j.id = p.journal_id
        where p.account_id = 'consigned_goods:' || s.code and p.subject = b.public_id
          and j.kind = 'consigned.sold'), 0) as posted_sold,
    coalesce((select sum(p.amount) from core_posting p join core_journal j on j.id = p.journal_id
        where p.account_id = 'consigned_goods:' || s.code and p.subject = b.public_id
          and j.kind = 'consigned.returned'), 0) as posted_lost
from fulfillment_codebatch b join fulfillment_supplier s on s.id = b.supplier_id
join fulfillment_code c on c.batch_id = b.id
where b.paid_from = 'consign' and b.cost_minor > 0 and b.id = any(%s) group by b.id, s.code
"""
OPEN = """
select b.id from fulfillment_codebatch b where b.paid_from = 'consign' and b.cost_minor > 0
"""


@dataclass(frozen=True, slots=True)
class _Left:
    batch_id: int
    supplier: str
    batch: str
    cost_minor: int
    currency: str
    sold: int
    lost: int
    posted_sold: int
    posted_lost: int


def settle_consigned(*, now: datetime) -> int:
    """Bring every consigned batch's money up to what has left it. Returns how many moved."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN)
        batches = [pk for (pk,) in cursor.fetchall()]
    return each(lambda pk: settle_batch(batch=pk, now=now), batches, name="settle_consigned")


@step()
def settle_batch(*, batch: int, now: datetime) -> bool:
    """Post what is missing of one batch. False when nothing is."""
    take_turn(f"consigned:{batch}")
    with connection.cursor() as cursor:
        cursor.execute(LEFT, [[batch]])
        row = cursor.fetchone()
    if row is None:
        return False
    left = _Left(*row)
    moved = False
    for what, units, posted in (
        ("sold", left.sold, left.posted_sold), ("lost", left.lost, left.posted_lost),
    ):  # fmt: skip
        missing = units * left.cost_minor - int(posted)
        if missing:
            moved |= settling.consigned_left(
                key=f"consigned.{what}:{left.batch}:{units}", supplier=left.supplier,
                batch=left.batch, amount_minor=missing, sold=what == "sold",
                currency=left.currency, now=now,
            )  # fmt: skip
    return moved
