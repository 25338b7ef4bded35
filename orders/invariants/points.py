"""Statements about points that must return no row."""

STATEMENTS = [
    (
        "INV-PO1", "a person's points are what is left of their lots",
        """with left_over as (
               select 'points:' || owner as account, sum("left") as points
               from orders_pointslot group by owner)
           select coalesce(b.account_id, l.account), b.balance, l.points
           from (select account_id, balance from core_accountbalance
                 where account_id like 'points:%%' and currency = 'PTS') b
           full join left_over l on l.account = b.account_id
           where coalesce(-b.balance, 0) <> coalesce(l.points, 0)""",
    ),
    (
        "INV-PO2", "held points are those of payments that are held",
        """with held as (select subject, -sum(amount) as points from core_posting
                         where account_id = 'points_held' group by subject)
           select coalesce(o.public_id, h.subject), p.points, h.points
           from (orders_pointspayment p join orders_order o on o.id = p.order_id
                 and p.state = 'held')
           full join held h on h.subject = o.public_id
           where coalesce(p.points, 0) <> coalesce(h.points, 0)""",
    ),
    (
        "INV-PO3", "points are held for open orders only",
        """select o.public_id, o.state, p.state from orders_pointspayment p
           join orders_order o on o.id = p.order_id
           where (p.state = 'held' and o.state <> 'pending_payment'
                  and o.state_at < %(now)s - interval '10 minutes' * %(grace)s
                  and p.state_at < %(now)s - interval '10 minutes' * %(grace)s)
              or (p.state = 'released' and o.state not in ('closed', 'late_paid', 'refunded'))
              or (p.state = 'spent' and o.state in ('pending_payment', 'closed'))""",
    ),
    (
        "INV-PO4", "points given are those people have, spent, lost or had held",
        """select sum(amount) from core_posting where currency = 'PTS'
             and (account_id in ('points_issued', 'points_spent', 'points_expired', 'points_held')
                  or account_id like 'points:%%' or account_id like 'points_owed:%%')
           having sum(amount) <> 0""",
    ),
    (
        "INV-PO5", "points spent on an order are those of its payment that were not given back",
        """with spent as (select subject, -sum(amount) as points from core_posting
                          where account_id = 'points_spent' group by subject)
           select coalesce(o.public_id, s.subject), p.points, p.returned, s.points
           from (orders_pointspayment p join orders_order o on o.id = p.order_id
                 and p.state = 'spent')
           full join spent s on s.subject = o.public_id
           where coalesce(p.points - p.returned, 0) <> coalesce(s.points, 0)""",
    ),
    (
        "INV-PO6", "a payment's points came out of lots, and went back there",
        """select p.public_id, p.points, p.returned, sum(x.points - x.returned)
           from orders_pointspayment p left join orders_pointspiece x on x.payment_id = p.id
           group by p.id
           having coalesce(sum(x.points - x.returned), 0)
               <> case p.state when 'released' then 0 else p.points - p.returned end""",
    ),
    (
        "INV-PO7", "the lines of an order share the points that paid for it",
        """select p.public_id, p.points from orders_pointspayment p
           where p.points <> (select coalesce(sum(s.value::bigint), 0)
                              from jsonb_each_text(p.shares) s)""",
    ),
    (
        "INV-PO8", "a lot holds what it was given, less what was spent and has ended",
        """select l.public_id, l.points, l."left" from orders_pointslot l
           where l."left" + l.expired + coalesce((select sum(x.points - x.returned)
               from orders_pointspiece x where x.lot_id = l.id), 0) > l.points""",
    ),
]  # fmt: skip
