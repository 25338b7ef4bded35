"""Statements that must return no row, whatever has happened (reliability.md 4.4)."""

from core import invariants
from orders.invariants import coupon, flash, group, points, promotion, subscription

# id, title, statement. `%(grace)s` shortens waiting times to nothing when the shop is at rest.
STATEMENTS = [
    (
        "INV-L6", "a finished order owes no goods",
        """select o.public_id, o.state, sum(p.amount) from orders_order o
           join core_posting p on p.subject = o.public_id and p.account_id = 'order_obligation'
           where o.state in ('delivered', 'refunded', 'closed', 'late_paid')
              or (o.state in ('failed', 'partially_delivered') and not exists (
                  select 1 from orders_orderline l where l.order_id = o.id and l.failed > 0))
           group by 1, 2 having sum(p.amount) <> 0""",
    ),
    (
        "INV-L7", "the money of a failed unit goes back, or the unit is tried again",
        """select o.public_id, o.state, l.failed from orders_orderline l
           join orders_order o on o.id = l.order_id
           where l.failed > 0 and o.state_at
                 <= %(now)s::timestamptz - make_interval(secs => 3600 * %(grace)s::float)""",
    ),
    (
        "INV-P1", "a paid order has exactly one payment that pays it",
        """select o.public_id, count(p.id) from orders_order o
           left join orders_payment p on p.order_id = o.id and p.applied
           where o.state in ('paid', 'review', 'waiting_stock', 'fulfilling', 'delivered',
                             'partially_delivered', 'failed')
           group by 1 having count(p.id) <> 1""",
    ),
    (
        "INV-P2", "the payment that pays an order fits it",
        """select p.public_id from orders_payment p join orders_order o on o.id = p.order_id
           left join orders_balancepayment b on b.order_id = o.id and b.state = 'spent'
           where p.applied and (p.state <> 'succeeded' or p.currency <> o.currency
               or p.amount_minor + coalesce(b.amount_minor, 0) <> o.total_minor)""",
    ),
    (
        "INV-P3", "refunds never exceed their payment",
        """select p.public_id, p.amount_minor, sum(r.amount_minor) from orders_payment p
           join orders_refund r on r.payment_id = p.id and r.state <> 'rejected'
           group by 1, 2 having sum(r.amount_minor) > p.amount_minor""",
    ),
    (
        "INV-P4", "money that moved has its journal",
        """select p.public_id from orders_payment p
           left join core_journal j on j.key = 'payment.succeeded:' || p.public_id
           where p.state = 'succeeded' and p.amount_minor > 0 and j.id is null
           union all
           select r.public_id from orders_refund r
           left join core_journal j on j.key = 'refund.succeeded:' || r.public_id
           where r.state = 'succeeded' and r.amount_minor > 0 and j.id is null
           union all
           select r.public_id from orders_refund r
           left join core_journal j on j.key = 'refund.requested:' || r.public_id
           where r.state <> 'rejected' and r.amount_minor > 0 and j.id is null""",
    ),
    (
        "INV-P5", "a notice that was not verified had no effect",
        """select public_id from orders_notice
           where not verified and outcome not in ('rejected', 'ignored')
           union all
           select public_id from orders_notice where verdict <> 'genuine' and outcome = 'applied'""",
    ),
    (
        "INV-P6", "no money is kept that pays for nothing",
        """select p.public_id, p.succeeded_at from orders_payment p
           where p.state = 'succeeded' and not p.applied and p.amount_minor > 0
             and p.succeeded_at <= %(now)s::timestamptz - make_interval(secs => 3600 * %(grace)s::float)
             and not exists (select 1 from orders_refund r
                             where r.payment_id = p.id and r.state <> 'rejected')""",
    ),
    (
        "INV-P7", "a provider's transaction is used once",
        """select provider, provider_txn, count(*) from orders_payment where provider_txn <> ''
           group by 1, 2 having count(*) > 1""",
    ),
    (
        "INV-P8", "money that was set aside is in the ledger exactly while it is there",
        """select n.public_id, n.outcome from orders_notice n
           where n.outcome = 'quarantined' and n.verified and n.amount_minor > 0
             and n.verdict in ('wrong_amount', 'wrong_currency', 'second_txn', 'unknown_number',
                               'wrong_provider')
             and n.received_at <= %(now)s::timestamptz - make_interval(secs => 600 * %(grace)s::float)
             and not exists (select 1 from core_journal j where j.key = 'aside:' || n.public_id)
             and (n.provider_txn = '' or not exists (
                 select 1 from orders_payment p where p.provider = n.provider
                   and p.provider_txn = n.provider_txn and p.state = 'succeeded'))
             and (n.provider_txn = '' or not exists (
                 select 1 from orders_notice o join core_journal k on k.key = 'aside:' || o.public_id
                 where o.provider = n.provider and o.provider_txn = n.provider_txn))
           union all
           select n.public_id, n.outcome from orders_notice n
           where n.outcome = 'settled' and n.processed_at
                 <= %(now)s::timestamptz - make_interval(secs => 600 * %(grace)s::float)
             and exists (select 1 from core_journal j where j.key = 'aside:' || n.public_id)
             and not exists (select 1 from core_journal j where j.key = 'aside.ended:' || n.public_id)""",
    ),
    (
        "INV-D6", "nothing is delivered for an unpaid order",
        """select d.public_id, o.public_id as "order", o.state from fulfillment_delivery d
           join orders_order o on o.public_id = d.reference
           where d.state = 'delivered' and o.state in ('pending_payment', 'closed', 'late_paid')""",
    ),
    (
        "INV-D7", "an opened line has one delivery for each unit",
        """select l.public_id, l.quantity, count(d.id) from orders_orderline l
           join orders_order o on o.id = l.order_id
           left join fulfillment_delivery d on d.reference = o.public_id and d.line = l.public_id
           where o.state in ('fulfilling', 'delivered', 'partially_delivered', 'failed', 'refunded')
           group by l.id, l.public_id, l.quantity, l.gone
           having count(d.id) <> l.quantity and not (count(d.id) = 0 and l.gone = l.quantity)
             and exists (select 1 from orders_payment p where p.order_id = l.order_id and p.applied)""",
    ),
    (
        "INV-D8", "what was refunded is not kept, unless two persons agreed and it is out of reach",
        """select x.delivery, o.public_id as "order" from orders_refundline x
           join orders_refund r on r.id = x.refund_id and r.state <> 'rejected'
           join orders_order o on o.id = r.order_id
           join fulfillment_delivery d on d.public_id = x.delivery
           where d.state = 'delivered' and (
               exists (select 1 from fulfillment_codeissue i where i.delivery_id = d.id)
               or d.kind not in ('topup', 'manual') or not exists (
                   select 1 from core_approval a where a.public_id = r.approval
                   and a.action = 'orders.refund_delivered' and a.executed_at is not null))""",
    ),
    (
        "INV-D20", "a line counts the units that are delivered",
        """select l.public_id, l.delivered, count(d.id) from orders_orderline l
           join orders_order o on o.id = l.order_id
           left join fulfillment_delivery d on d.reference = o.public_id and d.line = l.public_id
             and d.state = 'delivered'
             and not exists (select 1 from orders_refundline x join orders_refund r on r.id = x.refund_id
                             where x.delivery = d.public_id and r.kind = 'delivered')
           group by l.id, l.public_id, l.delivered
           having l.delivered <> count(d.id)
             and coalesce(max(d.delivered_at), '-infinity')
                 <= %(now)s::timestamptz - make_interval(secs => 300 * %(grace)s::float)""",
    ),
    (
        "INV-S20", "units are kept only for orders that may still get them",
        """select c.id, c.held_by, o.state from fulfillment_code c
           left join orders_order o on o.public_id = c.held_by
           where c.state = 'held' and c.held_by like 'ord\\_%%'
             and (o.id is null or o.state not in
                  ('pending_payment', 'paid', 'review', 'waiting_stock', 'fulfilling'))""",
    ),
    (
        "INV-O20", "no notice, unpaid order or wait is left lying",
        """select public_id, 'notice' as what from orders_notice
           where outcome = 'pending'
             and received_at <= %(now)s::timestamptz - make_interval(secs => 120 * %(grace)s::float)
           union all
           select public_id, 'order' from orders_order where state = 'pending_payment'
             and expires_at <= %(now)s::timestamptz - make_interval(secs => 600 * %(grace)s::float)
           union all
           select o.public_id, 'wait' from orders_orderwait w join orders_order o on o.id = w.order_id
           where w.state = 'open'
             and w.deadline <= %(now)s::timestamptz - make_interval(secs => 900 * %(grace)s::float)""",
    ),
    (
        "INV-O21", "no refund and no payment is forgotten by its ladder",
        """select public_id, state from orders_refund
           where state in ('approved', 'submitted', 'processing', 'unknown')
             and (not_before is null or not_before
                  <= %(now)s::timestamptz - make_interval(secs => 900 * %(grace)s::float))
           union all
           select p.public_id, p.state from orders_payment p join orders_order o on o.id = p.order_id
           where p.state in ('created', 'submitted', 'unknown') and o.state <> 'pending_payment'
             and p.not_before is null""",
    ),
    (
        "INV-O22", "an order waits for stock exactly while it says so",
        """select o.public_id, o.state, count(w.id) from orders_order o
           left join orders_orderwait w on w.order_id = o.id and w.kind = 'stock' and w.state = 'open'
           group by o.id, o.public_id, o.state
           having (o.state = 'waiting_stock') <> (count(w.id) = 1)""",
    ),
    (
        "INV-O23", "the state of an order follows from its units",
        """select o.public_id, o.state from orders_order o
           join lateral (select sum(l.delivered) as delivered, sum(l.gone) as gone,
               sum(l.failed) as failed, sum(l.quantity) as units
               from orders_orderline l where l.order_id = o.id) c on true
           where c.units <> o.units
              or (o.state = 'fulfilling' and c.delivered + c.gone + c.failed >= c.units)
              or (o.state = 'failed' and (c.delivered > 0 or c.gone + c.failed < c.units))
              or (o.state in ('pending_payment', 'closed', 'late_paid', 'waiting_stock')
                  and c.delivered + c.failed > 0)
              or (o.state = 'partially_delivered'
                  and (c.delivered = 0 or c.delivered = c.units
                       or c.delivered + c.gone + c.failed < c.units))""",
    ),
    (
        "INV-O30", "the parts of a bundle sum to what was paid for it",
        """select b.public_id, b.paid_minor, coalesce(sum(l.paid_minor), 0) as parts
           from orders_orderbundle b left join orders_orderline l on l.bundle_id = b.public_id
           group by b.id, b.public_id, b.paid_minor
           having coalesce(sum(l.paid_minor), 0) <> b.paid_minor
             or sum(l.paid_minor) filter (where l.currency <> b.currency) is not null""",
    ),
    (
        "INV-O31", "a bundle has just the parts it was sold with, in its own order",
        """select b.public_id, l.public_id as line, p.value ->> 'sku' as sku
           from orders_orderbundle b cross join jsonb_array_elements(b.split) as p(value)
           full join (select * from orders_orderline where bundle_id is not null) l
             on l.bundle_id = b.public_id and l.public_id = p.value ->> 'line'
           where l.id is null or b.id is null or l.order_id <> b.order_id
              or l.sku_code <> p.value ->> 'sku'
              or l.quantity <> (p.value ->> 'units')::int * b.quantity
              or (l.paid_minor <> (p.value ->> 'share_minor')::bigint * b.quantity
                  -- What promotions took off is shared in the same proportion, by largest remainder.
                  and (b.paid_minor = b.unit_minor * b.quantity
                       or abs(l.paid_minor - (p.value ->> 'share_minor')::numeric * b.paid_minor
                              / nullif(b.unit_minor, 0)) >= 1))""",
    ),
    (
        "INV-O32", "no more goes back for a line than was paid for it",
        """select l.public_id, l.paid_minor, sum(x.amount_minor) from orders_orderline l
           join orders_refundline x on x.line_id = l.id
           join orders_refund r on r.id = x.refund_id and r.state <> 'rejected'
           group by l.id, l.public_id, l.paid_minor having sum(x.amount_minor) > l.paid_minor""",
    ),
]  # fmt: skip

for _id, _title, _sql in (
    *STATEMENTS,
    *promotion.STATEMENTS,
    *coupon.STATEMENTS,
    *subscription.STATEMENTS,
    *flash.STATEMENTS,
    *group.STATEMENTS,
    *points.STATEMENTS,
):
    invariants.register(_id, _title, _sql)
