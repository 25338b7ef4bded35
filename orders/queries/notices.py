"""The one statement that keeps a payment notice and compares it with what we asked for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core.hot import hot_cursor
from core.ids import new_id
from core.tx import refuse_in_transaction
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


# A genuine notice is compared with the payment that it names, in the statement that keeps it. Its
# commit does not wait for the disk: the provider is answered after the commit that acts upon it,
# which does, and until then it tells us again.
KEEP = """
with p as (
    select id, provider, amount_minor, currency from orders_payment
    where %(verified)s::boolean and number = %(number)s::text
), judged as (
    select p.id as payment_id, case
        when %(verdict)s::text <> 'genuine' then %(verdict)s::text
        when p.id is null then 'unknown_number'
        when p.provider <> %(provider)s::text then 'wrong_provider'
        when not %(about_payment)s::boolean then 'genuine'
        when p.currency <> %(currency)s::text then 'wrong_currency'
        when p.amount_minor <> %(amount_minor)s::bigint then 'wrong_amount'
        else 'genuine' end as verdict
    from (select set_config('synchronous_commit', 'off', true)) as one left join p on true
), kept as (
    insert into orders_notice (public_id, provider, dedupe, received_at, ip, size, body, headers,
        verified, verdict, payment_id, provider_txn, amount_minor, outcome, processed_at)
    select %(public_id)s::text, %(provider)s::text, %(dedupe)s::text, %(now)s::timestamptz,
        %(ip)s::text, %(size)s::int, %(body)s::bytea,
        %(headers)s::jsonb, %(verified)s::boolean, verdict, payment_id, %(txn)s::text, %(amount_minor)s::bigint,
        case when verdict = 'genuine' then 'pending'
             when not %(verified)s::boolean then 'rejected'
             when verdict = any(%(quarantine)s::text[]) then 'quarantined'
             when verdict = 'stale' then 'rejected' else 'ignored' end,
        case when verdict = 'genuine' then null else %(now)s::timestamptz end
    from judged
    on conflict (provider, dedupe) do nothing
    returning id, verdict, outcome
)
select id, verdict, outcome, true from kept
union all
select id, verdict, outcome, false from orders_notice
where provider = %(provider)s::text and dedupe = %(dedupe)s::text and not exists (select 1 from kept)
"""


def keep_notice(incoming: Incoming, *, now: datetime) -> Kept | None:
    """Store a notice with its verdict, or find the copy that was stored first.

    One statement, committed by itself: no transaction may be open around it. None when a copy is
    being stored at this very moment by somebody else: ask again.
    """
    refuse_in_transaction("keeping a notice")
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
    with hot_cursor() as cursor:
        cursor.execute(KEEP, params)
        row = cursor.fetchone()
    return Kept(*row) if row else None


__all__ = ["Incoming", "Kept", "Outcome", "Verdict", "keep_notice"]
