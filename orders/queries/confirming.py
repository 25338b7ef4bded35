"""The two wide statements around a payment's success: lock what it concerns, write what follows.

`tests/orders/test_parity.py` compares `settle` with the plain functions of core.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any

from django.db.models import Q

from core import ledger, outbox
from core.faults import guard_off
from core.hot import hot_cursor
from core.tx import part
from orders.models import OrderLine
from orders.models.private import target_context
from orders.postings import Entry
from orders.states import ORDER_STEPS, PAYMENT_STEPS, OrderState, PaymentState, path


@dataclass(frozen=True, slots=True)
class LockedLine:
    """A line of a locked order; its promise never changes, its counts are behind the lock."""

    pk: int
    public_id: str
    sku_id: int
    quantity: int
    paid_minor: int
    delivered: int
    gone: int
    failed: int
    target_sealed: bytes | None = field(repr=False)
    currency: str
    bundled: bool
    subsidy_minor: int

    @property
    def context(self) -> str:
        return target_context(self.public_id)


@dataclass(frozen=True, slots=True)
class Locked:
    """A payment, its order and lines; order and payment row are locked, in this order."""

    payment_pk: int
    payment: str
    number: str
    provider: str
    amount_minor: int
    currency: str
    payment_state: str
    provider_txn: str
    applied: bool
    order_pk: int
    order: str
    order_state: str
    channel: str
    owner: str
    units: int
    total_minor: int
    expires_at: datetime
    close_reason: str
    # Whether it was placed with coupons of the buyer's own.
    has_coupons: bool
    # Whether it has a seat in a group, for which it may have to wait.
    in_group: bool
    lines: tuple[LockedLine, ...]


LOCK = """
with o as materialized (
    select o.id, o.public_id, o.state, o.channel_code, o.owner, o.units, o.total_minor,
        o.expires_at, o.close_reason
    from orders_order o
    where o.id = (select order_id from orders_payment where number = %(number)s::text)
    {lock}
), p as materialized (
    select p.id, p.public_id, p.number, p.provider, p.amount_minor, p.currency, p.state,
        p.provider_txn, p.applied, p.order_id
    from o join orders_payment p on p.order_id = o.id
    where p.number = %(number)s::text
    {lock_payment}
)
select p.id, p.public_id, p.number, p.provider, p.amount_minor, p.currency, p.state,
    p.provider_txn, p.applied, o.id, o.public_id, o.state, o.channel_code, o.owner, o.units,
    o.total_minor, o.expires_at, o.close_reason,
    exists (select from orders_couponuse u where u.order_id = o.public_id),
    exists (select from orders_groupseat s where s.order_id = o.id),
    l.id, l.public_id, l.sku_id, l.quantity, l.paid_minor, l.delivered, l.gone, l.failed,
    l.target_sealed, l.currency, l.bundle_id is not null, l.subsidy_minor
from p join o on o.id = p.order_id join orders_orderline l on l.order_id = o.id
order by l.position
"""
GUARDED = LOCK.format(lock="for update", lock_payment="for update of p")
# Only for the negative control of the race test.
UNGUARDED = LOCK.format(lock="", lock_payment="")
HEAD_COLUMNS = 20


@part
def lock_for_payment(number: str) -> Locked | None:
    """Lock order, then payment, of a payment number; None when there is no such payment."""
    with hot_cursor() as cursor:
        statement = UNGUARDED if guard_off("orders.confirm") else GUARDED
        cursor.execute(statement, {"number": number})
        rows = cursor.fetchall()
    if not rows:
        return None
    lines = tuple(LockedLine(*row[HEAD_COLUMNS:]) for row in rows)
    return Locked(*[*rows[0][:HEAD_COLUMNS], lines])


@part
def lock_lines(order_pk: int) -> tuple[LockedLine, ...]:
    """The lines of an order whose row the caller has locked."""
    columns = (
        "pk", "public_id", "sku_id", "quantity", "paid_minor", "delivered", "gone", "failed",
        "target_sealed", "currency", "bundled", "subsidy_minor",
    )  # fmt: skip
    rows = OrderLine.objects.filter(order_id=order_pk).order_by("position")
    found = rows.annotate(bundled=Q(bundle__isnull=False))
    return tuple(LockedLine(*row) for row in found.values_list(*columns))


@dataclass(slots=True)
class Settlement:
    """What follows from a payment's success, to be written by one statement."""

    locked: Locked
    txn: str
    applied: bool
    order_state: str
    paid: bool
    delivered: dict[int, int] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    notice: int | None = None
    outcome: str = ""
    why: str = ""
    completed: bool = False


SETTLE = """
with n as materialized (select %(rows)s::jsonb as doc),
pay as (
    update orders_payment set state = %(succeeded)s::text, state_at = %(now)s::timestamptz,
        applied = %(applied)s::boolean,
        provider_txn = %(txn)s::text, succeeded_at = %(now)s::timestamptz, not_before = null, lease_until = null
    where id = %(payment_pk)s::bigint
), ord as (
    update orders_order set state = %(order_state)s::text, state_at = %(now)s::timestamptz,
        paid_at = case when %(paid)s::boolean then %(now)s::timestamptz else paid_at end,
        completed_at = case when %(completed)s::boolean then %(now)s::timestamptz else completed_at end
    where id = %(order_pk)s::bigint and state is distinct from %(order_state)s::text
), lin as (
    update orders_orderline l set delivered = l.delivered + d.units
    from n, jsonb_to_recordset(n.doc -> 'delivered') as d(pk bigint, units int)
    where l.id = d.pk and l.order_id = %(order_pk)s::bigint
), hist as (
    insert into core_statechange (entity, subject, was, became, at, by, why)
    select h.entity, h.subject, h.was, h.became, %(now)s::timestamptz, %(by)s::text, %(why)s::text
    from n, jsonb_to_recordset(n.doc -> 'history') as h(entity text, subject text, was text, became text)
), j as (
    insert into core_journal (key, kind, at, note)
    select e.key, e.kind, %(now)s::timestamptz, ''
    from n, jsonb_to_recordset(n.doc -> 'entries') as e(key text, kind text)
    returning id, key
), post as (
    insert into core_posting (journal_id, account_id, amount, currency, subject)
    select j.id, leg.account, leg.amount, e.currency, e."order"
    from n, jsonb_to_recordset(n.doc -> 'entries')
        as e(key text, "to" text, out text, amount_minor bigint, currency text, "order" text)
    join j on j.key = e.key
    cross join lateral (values (e."to", e.amount_minor), (e.out, -e.amount_minor))
        as leg(account, amount)
), note as (
    update orders_notice set outcome = %(outcome)s::text, processed_at = %(now)s::timestamptz
    where id = %(notice)s::bigint and outcome = 'pending'
)
insert into core_outboxevent (topic, payload, created_at, not_before, tries, last_error)
select v.topic, v.payload, %(now)s::timestamptz, %(now)s::timestamptz, 0, ''
from n, jsonb_to_recordset(n.doc -> 'events') as v(topic text, payload jsonb)
"""


STEP_COLUMNS = ("entity", "subject", "was", "became")
ENTRY_COLUMNS = ("key", "kind", "to", "out", "amount_minor", "currency", "order")


@part
def settle(settlement: Settlement, *, by: str, now: datetime) -> None:
    """Write the success of a payment and all that follows, under the locks of `lock_for_payment`.

    Raises django.db.IntegrityError when a journal's key was posted before: the lock did not hold.
    """
    entries = [entry for entry in settlement.entries if entry.amount_minor]
    ledger.ensure_accounts(
        (account, entry.currency) for entry in entries for account in (entry.to, entry.out)
    )
    with hot_cursor() as cursor:
        cursor.execute(SETTLE, _params(settlement, entries, by=by, now=now))
    if settlement.events and not settlement.delivered:
        # Where something was delivered, its opening has woken the relay already.
        outbox.ring()


def steps_of(settlement: Settlement) -> list[tuple[str, str, str, str]]:
    """The single steps (entity, subject, was, became) that the leap of each row consists of."""
    locked = settlement.locked
    paid = _pairs(_payment_walk(locked.payment_state))
    order = _pairs(order_walk(locked.order_state, str(settlement.order_state)))
    return [
        *(("payment", locked.payment, was, became) for was, became in paid),
        *(("order", locked.order, was, became) for was, became in order),
    ]


@cache
def order_walk(source: str, target: str) -> tuple[str, ...]:
    """The walk of an order whose money came: late money always passes through `late_paid`."""
    if source == target:
        return (source,)
    if source == OrderState.PENDING_PAYMENT and target != OrderState.PAID:
        return (source, *path(ORDER_STEPS, OrderState.PAID, target))
    return path(ORDER_STEPS, source, target)


@cache
def _payment_walk(source: str) -> tuple[str, ...]:
    return path(PAYMENT_STEPS, source, PaymentState.SUCCEEDED)


def _pairs(walk: Sequence[str]) -> list[tuple[str, str]]:
    return [(str(was), str(became)) for was, became in pairwise(walk)]


def _params(
    settlement: Settlement, entries: Sequence[Entry], *, by: str, now: datetime
) -> dict[str, Any]:
    locked, steps = settlement.locked, steps_of(settlement)
    return {
        "now": now,
        "by": by[:48],
        "why": settlement.why[:200],
        "succeeded": PaymentState.SUCCEEDED.value,
        "applied": settlement.applied,
        "txn": settlement.txn,
        "payment_pk": locked.payment_pk,
        "order_pk": locked.order_pk,
        "order_state": str(settlement.order_state),
        "paid": settlement.paid,
        "completed": settlement.completed,
        "notice": settlement.notice,
        "outcome": settlement.outcome,
        "rows": json.dumps(
            {
                "delivered": [
                    {"pk": pk, "units": units} for pk, units in settlement.delivered.items()
                ],
                "history": [dict(zip(STEP_COLUMNS, each, strict=True)) for each in steps],
                "entries": [_entry(entry) for entry in entries],
                "events": [
                    {"topic": outbox.topic_of(type(event)), "payload": vars(event)}
                    for event in settlement.events
                ],
            },
            ensure_ascii=False,
        ),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in ENTRY_COLUMNS}
