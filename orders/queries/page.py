"""Everything the order page says about an order itself, in one statement."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.hot import hot_cursor

STATEMENT = """
select o.public_id, o.state, o.owner, o.token_hash, o.contact_masked, o.currency, o.units,
    o.list_minor, o.total_minor, o.explanation::text, o.created_at, o.expires_at, o.paid_at,
    o.completed_at,
    (select json_agg(json_build_object('id', l.public_id, 'sku', l.sku_code,
        'quantity', l.quantity, 'kind', l.delivery_kind, 'title', l.product_title,
        'title_en', l.product_title_en, 'sku_title', l.sku_title, 'sku_title_en', l.sku_title_en,
        'guide', l.guide, 'guide_en', l.guide_en, 'face', l.face, 'list_minor', l.list_minor,
        'unit_minor', l.unit_minor, 'paid_minor', l.paid_minor, 'target', l.target_masked,
        'delivered', l.delivered, 'gone', l.gone, 'failed', l.failed,
        'gift', l.adjustments @> '[{"key": "gift_with"}]'::jsonb,
        'bundle', l.bundle_id) order by l.position)
        from orders_orderline l where l.order_id = o.id)::text,
    (select json_agg(json_build_object('state', p.state, 'provider', p.provider,
        'amount_minor', p.amount_minor, 'applied', p.applied, 'at', p.succeeded_at) order by p.id)
        from orders_payment p where p.order_id = o.id)::text,
    (select json_agg(json_build_object('id', r.public_id, 'state', r.state, 'kind', r.kind,
        'amount_minor', r.amount_minor, 'balance_minor', r.balance_minor, 'at', coalesce(r.succeeded_at, r.created_at),
        'provider', (select provider from orders_payment where id = r.payment_id),
        'deliveries', (select json_agg(x.delivery) from orders_refundline x
            where x.refund_id = r.id)) order by r.id)
        from orders_refund r where r.order_id = o.id)::text,
    (select max(w.deadline) from orders_orderwait w where w.order_id = o.id and w.state = 'open'),
    coalesce((select b.amount_minor from orders_balancepayment b where b.order_id = o.id), 0),
    (select json_build_object('id', g.public_id, 'state', g.state, 'size', g.size, 'paid', g.paid,
        'until', g.deadline) from orders_groupseat s join orders_buygroup g on g.id = s.group_id
        where s.order_id = o.id)::text
from orders_order o where o.public_id = %(order)s::text
"""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order with its lines, payments and refunds as plain values; amounts in minor units."""

    id: str
    state: str
    owner: str
    token_hash: bytes = field(repr=False)
    contact_masked: str
    currency: str
    units: int
    list_minor: int
    total_minor: int
    explanation: list[dict[str, Any]]
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    completed_at: datetime | None
    lines: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    refunds: list[dict[str, Any]]
    wait_until: datetime | None
    # What of the total its buyer's balance pays, or was to pay when it closed.
    balance_minor: int
    # Of the group in which it has, or had, a seat: id, state, size, paid, until.
    group: dict[str, Any] | None

    @property
    def due_minor(self) -> int:
        """Minor units for a provider: the total less what the balance pays."""
        return self.total_minor - self.balance_minor

    @property
    def returned_minor(self) -> int:
        """Minor units that are back with the buyer, on their balance or outside."""
        done = [r for r in self.refunds if r["state"] == "succeeded"]
        return sum(r["amount_minor"] + r["balance_minor"] for r in done)

    @property
    def delivered(self) -> int:
        return sum(line["delivered"] for line in self.lines)


def order_row(public_id: str) -> OrderRow | None:
    """The order of that id, whoever asks: the caller checks the proof."""
    with hot_cursor() as cursor:
        cursor.execute(STATEMENT, {"order": public_id})
        row = cursor.fetchone()
    if row is None:
        return None
    explanation, lines, payments, refunds = (_read(row[place]) for place in (9, 14, 15, 16))
    for entry in (*payments, *refunds):
        entry["at"] = datetime.fromisoformat(entry["at"]) if entry["at"] else None
    group = json.loads(row[19]) if row[19] else None
    if group is not None:
        group["until"] = datetime.fromisoformat(group["until"])
    values = [*row[:9], explanation, *row[10:14], lines, payments, refunds, *row[17:19], group]
    return OrderRow(*values)


def _read(text: str | None) -> list[dict[str, Any]]:
    return list(json.loads(text)) if text else []
