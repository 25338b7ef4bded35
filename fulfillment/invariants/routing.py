"""What must hold of routing, as SQL that returns no row (reliability.md 4.4)."""

from core.invariants import register

ROUTING = {
    "INV-D41": (
        "nothing was bought for more than the buyer paid",
        "select a.public_id, a.max_cost_minor, d.paid_minor from fulfillment_attempt a"
        " join fulfillment_delivery d on d.id = a.delivery_id"
        " where a.sent_at is not null and a.currency = d.paid_currency"
        " and a.max_cost_minor > d.paid_minor",
    ),
    "INV-D42": (
        "every purchase says who was considered and why",
        # A turn is given to every purchase since decisions are kept.
        "select a.public_id from fulfillment_attempt a"
        " left join fulfillment_routedecision r on r.attempt_id = a.id"
        " where a.not_before is not null and r.id is null",
    ),
    "INV-D43": (
        "a call slot is one purchase's, and free when the purchase is over",
        "select holder, count(*) from fulfillment_supplierslot where holder <> ''"
        " and until > %(now)s group by 1 having count(*) > 1"
        " union all select t.holder, 0 from fulfillment_supplierslot t"
        " join fulfillment_attempt a on a.number = t.holder"
        " join fulfillment_supplier s on s.id = t.supplier_id"
        # Of a process that died right then the slot frees itself: a call's time and some to spare.
        " where t.until > greatest(%(now)s, a.closed_at + interval '1 second' * (s.call_seconds + 15))",
    ),
    "INV-D44": (
        "while a breaker is open nothing is bought there",
        # Seconds to spare: a purchase that was decided on before it opened may leave after.
        "select a.public_id, c.opened_at from fulfillment_suppliercircuit c"
        " join fulfillment_attempt a on a.supplier_id = c.supplier_id and a.sent_at < c.until"
        " and a.created_at > c.opened_at + interval '5 seconds'"
        " where c.operation = 'order' and c.state = 'open'",
    ),
    "INV-D45": (
        "nothing was bought at an offer that its decision passed over",
        "select r.id, a.public_id from fulfillment_routedecision r"
        " join fulfillment_attempt a on a.id = r.attempt_id"
        " cross join lateral jsonb_array_elements(r.considered) as one"
        " where (one->>'offer')::bigint = a.offer_id and one->>'why' <> ''",
    ),
}

for _id, (_title, _sql) in ROUTING.items():
    register(_id, _title, _sql)
