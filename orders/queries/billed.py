"""What a provider's bill of a day should hold: payments, refunds and money that was set aside."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from django.db import connection

from core.reconciliation.booked import booked
from core.reconciliation.values import Expect, Own

# By day, by our number, by theirs. The last column names the journal of the movement.
PAYMENTS = """
select 'payment', p.number, p.provider_txn, p.amount_minor, p.currency,
    coalesce(p.succeeded_at, p.state_at), p.public_id, p.state,
    case when p.state = 'succeeded' then 'must' else 'never' end, 'payment.succeeded:' || p.public_id
from orders_payment p where p.provider = %(provider)s and p.amount_minor > 0 and (
    (p.succeeded_at >= %(start)s and p.succeeded_at < %(end)s)
    or p.number = any(%(numbers)s::text[])
    or (p.provider_txn <> '' and p.provider_txn = any(%(their_numbers)s::text[])))
"""
REFUNDS = """
select 'refund', r.number, r.provider_txn, -r.amount_minor, r.currency,
    coalesce(r.succeeded_at, r.state_at), r.public_id, r.state,
    case r.state when 'succeeded' then 'must' when 'submitted' then 'open'
        when 'processing' then 'open' when 'unknown' then 'open' else 'never' end,
    'refund.succeeded:' || r.public_id
from orders_refund r join orders_payment p on p.id = r.payment_id
where p.provider = %(provider)s and r.amount_minor > 0 and (
    (r.succeeded_at >= %(start)s and r.succeeded_at < %(end)s)
    or r.number = any(%(numbers)s::text[])
    or (r.provider_txn <> '' and r.provider_txn = any(%(their_numbers)s::text[])))
"""
# Money that was set aside: the ledger knows how much of it came, and in which currency.
ASIDE = """
select 'payment', coalesce(p.number, ''), n.provider_txn, l.amount, l.currency, n.received_at,
    n.public_id, n.outcome, 'must', j.key
from orders_notice n join core_journal j on j.key = 'aside:' || n.public_id
join core_posting l on l.journal_id = j.id and l.account_id = %(clearing)s
left join orders_payment p on p.id = n.payment_id
where n.outcome in ('quarantined', 'settled') and n.provider = %(provider)s and (
    (n.received_at >= %(start)s and n.received_at < %(end)s)
    or p.number = any(%(numbers)s::text[])
    or (n.provider_txn <> '' and n.provider_txn = any(%(their_numbers)s::text[])))
"""


def entries(
    provider: str,
    *,
    start: datetime,
    end: datetime,
    numbers: Collection[str],
    their_numbers: Collection[str],
    fee_of: Callable[[int], int | None],
) -> list[Own]:
    """Our side of [start, end), and whatever these numbers name on any day. Minor units."""
    params: dict[str, Any] = {
        "provider": provider, "clearing": f"psp_clearing:{provider}", "start": start, "end": end,
        "numbers": [each for each in numbers if each],
        "their_numbers": [each for each in their_numbers if each],
    }  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for statement in (ASIDE, PAYMENTS, REFUNDS):
            cursor.execute(statement, params)
            rows += cursor.fetchall()
    aside = {row[1] for row in rows if row[9].startswith("aside:")}
    moved = booked([row[9] for row in rows], [params["clearing"]])
    return [
        _own(row, moved.get(row[9], 0), fee_of)
        for row in rows
        # Money of an unpaid payment that was set aside is there by that name already.
        if not (row[8] == Expect.NEVER and row[1] in aside)
    ]


def _own(row: tuple[Any, ...], moved: int, fee_of: Callable[[int], int | None]) -> Own:
    kind, number, txn, amount, currency, at, subject, state, expect, _key = row
    must = Expect(expect)
    return Own(
        kind=kind, number=number, their_no=txn, amount_minor=int(amount), currency=currency, at=at,
        subject=subject, state=state, expect=must,
        fee_minor=fee_of(int(amount)) if kind == "payment" else 0,
        booked_minor=moved if must is Expect.MUST else None,
    )  # fmt: skip
