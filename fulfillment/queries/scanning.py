"""Everything that decides about one scan, read in one statement."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from core.hot import hot_cursor

WINDOW_SECONDS = 3600
# Codes that were wrong in an hour: for who scans, for the store, for the address (R-LIM).
WRONG_BY_ACTOR = 10
WRONG_AT_STORE = 40
WRONG_FROM_ADDRESS = 40


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan met. Without `entitlement` the code is unknown.

    `share_*` are those of the place that fits best: the store's own row before its merchant's.
    `elsewhere`: it counts at another store of the merchant. `prior` is the row of the same nonce.
    """

    limited: bool
    actor_on: bool
    store_on: bool
    prior: int | None
    voucher: UUID | None
    replaced_at: datetime | None
    entitlement: int | None
    entitlement_id: str
    state: str
    uses_total: int | None
    uses_left: int | None
    amount_total_minor: int | None
    amount_left_minor: int | None
    valid_from: datetime
    valid_until: datetime | None
    given_at: datetime | None
    received_at: datetime
    activated: bool
    owner: str
    masked: str
    sku_id: int
    currency: str
    delivery: str
    line: str
    reference: str
    channel: str
    weekdays: str
    opens_at: time | None
    closes_at: time | None
    undo_seconds: int
    place: int | None
    share_minor: int
    share_bp: int
    elsewhere: bool
    merchant_code: str


SCAN = """
with who as (
    select coalesce((select c.is_active from fulfillment_clerk c
            where c.public_id = %(actor)s::text and c.store_id = %(store)s::bigint),
            (select k.is_active from fulfillment_tillkey k
            where k.public_id = %(actor)s::text and k.store_id = %(store)s::bigint),
            false) as actor_on,
        s.is_active and m.is_active as store_on, s.id as store_id, s.merchant_id, m.code
    from fulfillment_store s join fulfillment_merchant m on m.id = s.merchant_id
    where s.id = %(store)s::bigint)
select exists (select 1 from core_limitcount l
        where l.key = any(%(keys)s::text[]) and l."window" = %(window)s::bigint
        and l.used >= (%(limits)s::int[])[array_position(%(keys)s::text[], l.key::text)]),
    who.actor_on, who.store_on,
    (select r.id from fulfillment_redemption r
        where r.actor = %(actor)s::text and r.nonce = %(nonce)s::text),
    v.id, v.replaced_at, e.id, e.public_id, e.state, e.uses_total, e.uses_left,
    e.amount_total_minor, e.amount_left_minor, e.valid_from, e.valid_until, e.given_at, e.created_at,
    exists (select 1 from fulfillment_entitlementbinding b where b.entitlement_id = e.id), e.owner,
    v.masked, e.sku_id, sku.currency, d.public_id, d.line, d.reference, d.channel, t.weekdays,
    t.opens_at, t.closes_at, t.undo_seconds, place.id, place.share_minor, place.share_bp,
    exists (select 1 from fulfillment_voucherplace p
        where p.terms_id = t.id and p.merchant_id = who.merchant_id),
    who.code
from who
left join fulfillment_vouchercode v on v.index = %(index)s::bytea
left join fulfillment_entitlement e on e.id = v.entitlement_id
left join fulfillment_delivery d on d.id = e.delivery_id
left join catalog_sku sku on sku.id = e.sku_id
left join fulfillment_voucherterms t on t.sku_id = e.sku_id
left join lateral (
    select p.id, p.share_minor, p.share_bp from fulfillment_voucherplace p
    where p.terms_id = t.id and p.merchant_id = who.merchant_id
      and (p.store_id is null or p.store_id = who.store_id)
    order by p.store_id nulls last limit 1) place on true
"""


def window_of(now: datetime) -> int:
    """The window in which wrong codes are counted, as core.limits numbers it."""
    return int(now.timestamp()) // WINDOW_SECONDS


def read_scan(
    *, actor: str, store_pk: int, index: bytes, nonce: str, keys: dict[str, int], now: datetime
) -> Scan | None:
    """Read a scan; None when there is no such store. `keys` are limits with their most."""
    params: dict[str, Any] = {
        "actor": actor, "store": store_pk, "index": index, "nonce": nonce, "keys": list(keys),
        "limits": list(keys.values()), "window": window_of(now),
    }  # fmt: skip
    with hot_cursor() as cursor:
        cursor.execute(SCAN, params)
        row = cursor.fetchone()
    return None if row is None else Scan(*row)
