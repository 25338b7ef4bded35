"""What a provider's bill of a day should hold: payments, refunds and money that was set aside."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from django.db import connection

from core.reconciliation.values import Expect, Own

# Each with what the ledger has on the provider's clearing account; by day, by our number, by theirs.
ENTRIES = """
with named as (select unnest(%(numbers)s::text[]) as number),
theirs as (select unnest(%(their_numbers)s::text[]) as txn),
payment as (
    select p.* from orders_payment p where p.provider = %(provider)s and p.amount_minor > 0 and (
        (p.succeeded_at >= %(start)s and p.succeeded_at < %(end)s)
        or p.number in (select number from named)
        or (p.provider_txn <> '' and p.provider_txn in (select txn from theirs)))),
refund as (
    select r.* from orders_refund r join orders_payment p on p.id = r.payment_id
    where p.provider = %(provider)s and (
        (r.succeeded_at >= %(start)s and r.succeeded_at < %(end)s)
        or r.number in (select number from named)
        or (r.provider_txn <> '' and r.provider_txn in (select txn from theirs)))),
aside as (
    select n.*, coalesce(p.number, '') as number, j.id as journal_id
    from orders_notice n join core_journal j on j.key = 'aside:' || n.public_id
    left join orders_payment p on p.id = n.payment_id
    where n.provider = %(provider)s and (
        (n.received_at >= %(start)s and n.received_at < %(end)s)
        or p.number in (select number from named)
        or (n.provider_txn <> '' and n.provider_txn in (select txn from theirs))))
select 'payment', p.number, p.provider_txn, p.amount_minor, p.currency,
    coalesce(p.succeeded_at, p.state_at), p.public_id, p.state,
    case when p.state = 'succeeded' then 'must' else 'never' end,
    (select coalesce(sum(l.amount), 0) from core_journal j join core_posting l on l.journal_id = j.id
     where j.key = 'payment.succeeded:' || p.public_id and l.account_id = %(clearing)s)
from payment p
where p.state = 'succeeded' or not exists (select 1 from aside a where a.payment_id = p.id)
union all
select 'refund', r.number, r.provider_txn, -r.amount_minor, r.currency,
    coalesce(r.succeeded_at, r.state_at), r.public_id, r.state,
    case r.state when 'succeeded' then 'must' when 'submitted' then 'open'
        when 'processing' then 'open' when 'unknown' then 'open' else 'never' end,
    (select coalesce(sum(l.amount), 0) from core_journal j join core_posting l on l.journal_id = j.id
     where j.key = 'refund.succeeded:' || r.public_id and l.account_id = %(clearing)s)
from refund r
union all
select 'payment', a.number, a.provider_txn, l.amount, l.currency, a.received_at, a.public_id,
    a.outcome, 'must', l.amount
from aside a join core_posting l on l.journal_id = a.journal_id and l.account_id = %(clearing)s
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
    with connection.cursor() as cursor:
        cursor.execute(ENTRIES, params)
        rows = cursor.fetchall()
    return [_own(row, fee_of) for row in rows]


def _own(row: tuple[object, ...], fee_of: Callable[[int], int | None]) -> Own:
    kind, number, txn, amount, currency, at, subject, state, expect, booked = row
    assert isinstance(at, datetime)
    minor, must = int(str(amount)), Expect(str(expect))
    return Own(
        kind=str(kind), number=str(number), their_no=str(txn), amount_minor=minor,
        currency=str(currency), at=at, subject=str(subject), state=str(state), expect=must,
        fee_minor=fee_of(minor) if kind == "payment" else 0,
        booked_minor=int(str(booked)) if must is Expect.MUST else None,
    )  # fmt: skip
