"""Turn what was paid for into deliveries, in the transaction that takes the money.

Units of our own pool are delivered here and now by one wide statement (held → sold, delivery,
issue, entitlement, cost, event, history); a parity test compares it with the plain functions of
core. Everything else becomes a delivery row, which is its own queue for the road.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from core import ledger, outbox
from core.faults import crashpoint
from core.hot import hot_cursor
from core.ids import new_id
from core.outbox import topic_of
from core.tx import part
from fulfillment import events, postings
from fulfillment.models import Delivery
from fulfillment.queries.goods import goods
from fulfillment.services.editions.hold_places import hold_places
from fulfillment.services.hold import HoldLine, SoldOut, hold
from fulfillment.services.queue_deliveries import queue_deliveries
from fulfillment.services.release import release_expired
from fulfillment.states import DeliveryState
from fulfillment.units import DeliveredUnit, Opened, OpenLine

__all__ = ["DeliveredUnit", "OpenLine", "Opened", "open_deliveries"]

BY = "system"
# Long enough for the statement that follows in the same transaction.
REHOLD = timedelta(minutes=5)


SELL = """
with wanted as (
    select * from unnest(%(lines)s::text[], %(skus)s::bigint[], %(units)s::int[],
                         %(deliveries)s::text[], %(entitlements)s::text[])
        with ordinality as w(line, sku_id, unit, delivery, entitlement, nth)),
mine as materialized (
    select id, sku_id, batch_id, held_line, expires_on from fulfillment_code
    where held_by = %(reference)s and state = 'held' and expires_on >= %(today)s
    order by id for update),
matched as materialized (
    select m.id, m.expires_on, b.cost_minor, b.currency, w.*
    from (select *, row_number() over (partition by held_line, sku_id order by expires_on, id)
          as place from mine) m
    join wanted w on w.line = m.held_line and w.sku_id = m.sku_id and w.unit = m.place
    join fulfillment_codebatch b on b.id = m.batch_id),
all_there as materialized (
    select * from matched where (select count(*) from matched) = %(count)s),
sold as (
    update fulfillment_code as code
    set state = 'sold', sold_at = %(now)s, held_until = null, channel = %(channel)s
    from all_there t where code.id = t.id),
delivery as (
    insert into fulfillment_delivery (public_id, reference, line, unit, owner, channel, sku_id,
        kind, target_masked, state, cost_minor, currency, reason, supplier_no, resolved_by,
        approval, created_at, delivered_at, lease_token, tries)
    select delivery, %(reference)s, line, unit, %(owner)s, %(channel)s, sku_id, 'pool', '',
        'delivered', cost_minor, currency, '', '', '', '', %(now)s, %(now)s, '', 0
    from all_there order by nth returning id, public_id),
issue as (
    insert into fulfillment_codeissue (code_id, delivery_id, number, at)
    select t.id, d.id, 1, %(now)s from all_there t join delivery d on d.public_id = t.delivery),
entitlement as (
    insert into fulfillment_entitlement (public_id, owner, reference, delivery_id, sku_id, kind,
        state, valid_from, valid_until, created_at)
    select t.entitlement, %(owner)s, %(reference)s, d.id, t.sku_id, 'pool', 'issued', %(now)s,
        case when t.expires_on < '9999-12-31'
             then (t.expires_on + 1)::timestamp at time zone %(zone)s end, %(now)s
    from all_there t join delivery d on d.public_id = t.delivery order by t.nth),
journal as (
    insert into core_journal (key, kind, at, note)
    select 'cost:' || delivery, 'cost', %(now)s, '' from all_there where cost_minor <> 0
    returning id, key),
posting as (
    insert into core_posting (journal_id, account_id, amount, currency, subject)
    select j.id, leg.account, leg.sign * t.cost_minor, t.currency, %(reference)s
    from all_there t join journal j on j.key = 'cost:' || t.delivery
    cross join (values ('cogs', 1), ('code_inventory', -1)) as leg(account, sign)),
event as (
    insert into core_outboxevent (topic, payload, created_at, not_before, tries, last_error)
    select %(topic)s, jsonb_build_object('reference', %(reference)s::text, 'line', line,
        'delivery', delivery, 'unit', unit, 'sku_id', sku_id, 'channel', %(channel)s::text,
        'owner', %(owner)s::text, 'cost_minor', cost_minor, 'currency', currency,
        'counted', true),
        %(now)s, %(now)s, 0, ''
    from all_there),
history as (
    insert into core_statechange (entity, subject, was, became, at, by, why)
    select 'delivery', delivery, '', 'delivered', %(now)s, %(by)s, 'opened' from all_there)
select line, unit, delivery, entitlement, cost_minor from all_there order by nth
"""


@part
def open_deliveries(
    *,
    reference: str,
    owner: str | None,
    channel: str,
    lines: Sequence[OpenLine],
    now: datetime,
) -> Opened:
    """Open every line of a paid reference, all or nothing. `owner` is the user's public id.

    Units of the pool must be held for the reference and good for today; what is missing is held
    here. If even that falls short, nothing is opened and `short` names the SKUs. Calling it twice
    for the same reference opens nothing new and returns what was opened.
    """
    kinds = goods(line.sku_id for line in lines)
    gone = hold_places(reference=reference, lines=lines, until=now + REHOLD, now=now)
    if gone:
        return Opened(short=gone)
    pool = [line for line in lines if kinds[line.sku_id].from_pool]
    delivered: tuple[DeliveredUnit, ...] = ()
    if pool:
        delivered = _sell(reference, owner or "", channel, pool, now)
        if not delivered:
            known = _opened_before(reference)
            if known is not None:
                return known
            short = _hold_missing(reference, pool, channel, now)
            if short:
                return Opened(short=short)
            delivered = _sell(reference, owner or "", channel, pool, now)
    elif Delivery.objects.filter(reference=reference).exists():
        return _opened_before(reference) or Opened()
    rest = [line for line in lines if not kinds[line.sku_id].from_pool]
    made, pending = queue_deliveries(
        reference=reference, owner=owner or "", channel=channel, lines=rest, kinds=kinds, now=now
    )
    if delivered:
        outbox.ring()
        crashpoint("CP12")
    return Opened(delivered=(*delivered, *made), pending=pending)


def _sell(
    reference: str, owner: str, channel: str, pool: Sequence[OpenLine], now: datetime
) -> tuple[DeliveredUnit, ...]:
    """The one statement. Empty when not every unit is held for the reference."""
    units = [
        (line.line, line.sku_id, unit) for line in pool for unit in range(1, line.quantity + 1)
    ]
    ledger.ensure_accounts([(postings.COGS, "CNY"), (postings.INVENTORY, "CNY")])
    with hot_cursor() as cursor:
        cursor.execute(
            SELL,
            {
                "reference": reference,
                "owner": owner,
                "channel": channel,
                "lines": [line for line, _, _ in units],
                "skus": [sku_id for _, sku_id, _ in units],
                "units": [unit for _, _, unit in units],
                "deliveries": [new_id("dlv") for _ in units],
                "entitlements": [new_id("ent") for _ in units],
                "count": len(units),
                "now": now,
                "today": timezone.localdate(now),
                "zone": settings.TIME_ZONE,
                "topic": topic_of(events.Delivered),
                "by": BY,
            },
        )
        return tuple(DeliveredUnit(*row) for row in cursor.fetchall())


def _hold_missing(
    reference: str, pool: Sequence[OpenLine], channel: str, now: datetime
) -> tuple[int, ...]:
    """Hold again what was given away or expired meanwhile. Returns the SKUs that are short."""
    release_expired(reference=reference, now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            "select held_line, sku_id, count(*) from (select held_line, sku_id from fulfillment_code"
            " where held_by = %s and state = 'held' order by id for update) as mine group by 1, 2",
            [reference],
        )
        held = {(line, sku_id): units for line, sku_id, units in cursor.fetchall()}
    missing = [
        HoldLine(line.line, line.sku_id, line.quantity - held.get((line.line, line.sku_id), 0))
        for line in pool
        if line.quantity > held.get((line.line, line.sku_id), 0)
    ]
    try:
        hold(reference=reference, lines=missing, until=now + REHOLD, channel=channel, now=now)
    except SoldOut as error:
        return error.sku_ids
    return ()


def _opened_before(reference: str) -> Opened | None:
    rows = list(Delivery.objects.filter(reference=reference).select_related("entitlement"))
    if not rows:
        return None
    done = tuple(
        DeliveredUnit(
            row.line, row.unit, row.public_id, row.entitlement.public_id, row.cost_minor or 0
        )
        for row in rows
        if row.state == DeliveryState.DELIVERED
    )
    return Opened(delivered=done, pending=len(rows) - len(done))
