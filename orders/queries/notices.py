"""The one statement that keeps a payment notice and compares it with what we asked for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from core.ids import new_id
from core.tx import part
from orders.models.notice import QUARANTINE, Outcome, Verdict


@dataclass(frozen=True, slots=True)
class Kept:
    """The stored notice: this one, or the first copy of it (`is_new` False)."""

    pk: int
    verdict: str
    outcome: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Incoming:
    """A notice as received and read. `verdict` is what signature and form alone say."""

    provider: str
    dedupe: str
    body: bytes = field(repr=False)
    size: int
    headers: Mapping[str, str]
    ip: str
    verified: bool
    verdict: str
    number: str = ""
    amount_minor: int | None = None
    currency: str = ""
    txn: str = ""
    about_payment: bool = True


# A genuine notice is compared with the payment that it names, in the statement that keeps it.
KEEP = """
with p as (
    select id, provider, amount_minor, currency from orders_payment
    where %(verified)s and number = %(number)s
), judged as (
    select p.id as payment_id, case
        when %(verdict)s <> 'genuine' then %(verdict)s
        when p.id is null then 'unknown_number'
        when p.provider <> %(provider)s then 'wrong_provider'
        when not %(about_payment)s then 'genuine'
        when p.currency <> %(currency)s then 'wrong_currency'
        when p.amount_minor <> %(amount_minor)s then 'wrong_amount'
        else 'genuine' end as verdict
    from (select 1) as one left join p on true
), kept as (
    insert into orders_notice (public_id, provider, dedupe, received_at, ip, size, body, headers,
        verified, verdict, payment_id, provider_txn, amount_minor, outcome, processed_at)
    select %(public_id)s, %(provider)s, %(dedupe)s, %(now)s, %(ip)s, %(size)s, %(body)s,
        %(headers)s::jsonb, %(verified)s, verdict, payment_id, %(txn)s, %(amount_minor)s,
        case when verdict = 'genuine' then 'pending'
             when not %(verified)s then 'rejected'
             when verdict = any(%(quarantine)s) then 'quarantined'
             when verdict = 'stale' then 'rejected' else 'ignored' end,
        case when verdict = 'genuine' then null else %(now)s end
    from judged
    on conflict (provider, dedupe) do nothing
    returning id, verdict, outcome
)
select id, verdict, outcome, true from kept
union all
select id, verdict, outcome, false from orders_notice
where provider = %(provider)s and dedupe = %(dedupe)s and not exists (select 1 from kept)
"""


@part
def keep_notice(incoming: Incoming, *, now: datetime) -> Kept | None:
    """Store a notice with its verdict, or find the copy that was stored first.

    None when a copy is being stored at this very moment by somebody else: ask again.
    """
    params = {
        "public_id": new_id("ntc"),
        "provider": incoming.provider,
        "dedupe": incoming.dedupe,
        "now": now,
        "ip": incoming.ip,
        "size": incoming.size,
        "body": incoming.body,
        "headers": json.dumps(dict(incoming.headers)),
        "verified": incoming.verified,
        "verdict": incoming.verdict,
        "number": incoming.number,
        "amount_minor": incoming.amount_minor,
        "currency": incoming.currency,
        "txn": incoming.txn,
        "about_payment": incoming.about_payment,
        "quarantine": sorted(str(verdict) for verdict in QUARANTINE),
    }
    with connection.cursor() as cursor:
        cursor.execute(KEEP, params)
        row = cursor.fetchone()
    return Kept(*row) if row else None


__all__ = ["Incoming", "Kept", "Outcome", "Verdict", "keep_notice"]
