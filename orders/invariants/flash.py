"""Statements about flash sales that must return no row."""

STATEMENTS = [
    (
        "INV-FS1", "a flash sale has just the units that were cut for it",
        """select s.public_id, s.units, count(u.id) from orders_flashsale s
           left join orders_flashunit u on u.sale_id = s.id
           group by s.id having count(u.id) <> case when s.state = 'draft' then 0
               when s.state = 'ended' and count(u.id) = 0 then 0 else s.units end""",
    ),
    (
        "INV-FS2", "an order that may still be paid, or is, has the flash unit whose price it got",
        """select o.public_id, o.state, count(u.id) from orders_order o
           join orders_promotionuse p on p.order_id = o.id and p.rule like 'fls\\_%%'
           left join orders_flashunit u on u.order_id = o.id
               and u.sale_id = (select id from orders_flashsale where public_id = p.rule)
           group by o.id, p.rule
           having (o.state not in ('closed', 'late_paid', 'refunded') and count(u.id) <> 1)
               or (o.state = 'closed' and count(u.id) <> 0)""",
    ),
    (
        "INV-FS3", "a flash unit is paid only for an order that is, and told in time",
        """select u.id, u.state, o.public_id, o.state as "order" from orders_flashunit u
           join orders_order o on o.id = u.order_id
           where (u.state = 'paid' and o.state in ('pending_payment', 'closed', 'late_paid'))
              or (u.state = 'held' and o.state <> 'pending_payment' and coalesce(o.paid_at, o.state_at)
                  <= %(now)s::timestamptz - make_interval(secs => 600 * %(grace)s::float))""",
    ),
    (
        "INV-FS4", "no more stock is kept for a sale than it has units to give",
        """select s.public_id, count(c.id) from fulfillment_code c
           join orders_flashsale s on s.public_id = c.held_by
           where c.state = 'held' group by s.id
           having count(c.id) > (select count(*) from orders_flashunit u
                                 where u.sale_id = s.id and u.state = 'free')""",
    ),
]  # fmt: skip
