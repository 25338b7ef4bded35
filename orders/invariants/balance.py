"""Statements about people's balances that must return no row."""

STATEMENTS = [
    (
        "INV-TN1", "a balance is the sum of its postings, and never below zero",
        """with sums as (select account_id, currency, sum(amount) as minor from core_posting
                         where account_id like 'balance:%%' group by 1, 2)
           select coalesce(b.account_id, s.account_id), b.balance, s.minor
           from (select account_id, currency, balance from core_accountbalance
                 where account_id like 'balance:%%') b
           full join sums s on s.account_id = b.account_id and s.currency = b.currency
           where coalesce(b.balance, 0) <> coalesce(s.minor, 0) or coalesce(s.minor, 0) > 0""",
    ),
    (
        "INV-TN2", "held balance is that of payments that are held",
        """with held as (select subject, -sum(amount) as minor from core_posting
                         where account_id = 'balance_held' group by subject)
           select coalesce(o.public_id, h.subject), p.amount_minor, h.minor
           from (orders_balancepayment p join orders_order o on o.id = p.order_id
                 and p.state = 'held')
           full join held h on h.subject = o.public_id
           where coalesce(p.amount_minor, 0) <> coalesce(h.minor, 0)""",
    ),
    (
        "INV-TN3", "balance is held by open orders, spent by paid ones, given back by closed ones",
        """select o.public_id, o.state, p.state from orders_balancepayment p
           join orders_order o on o.id = p.order_id
           where (p.state = 'held') <> (o.state = 'pending_payment')
              or (p.state = 'released' and o.state not in ('closed', 'late_paid', 'refunded'))
              or (p.state = 'spent' and o.state in ('closed', 'late_paid'))""",
    ),
    (
        "INV-TN4", "what a provider is asked for and the balance pays is the order's total",
        """select y.public_id, y.amount_minor, b.amount_minor, o.total_minor
           from orders_order o join orders_payment y on y.order_id = o.id
           left join orders_balancepayment b on b.order_id = o.id
           where y.amount_minor + coalesce(b.amount_minor, 0) <> o.total_minor""",
    ),
    (
        "INV-TN5", "an order has from a balance what its payment says, less what went back",
        """with spent as (
               select p.subject, -sum(p.amount) as minor from core_posting p
               join core_journal j on j.id = p.journal_id
               where j.kind in ('balance.spent', 'balance.returned')
                 and p.account_id <> 'balance_held' and p.account_id not like 'balance:%%'
               group by p.subject)
           select coalesce(o.public_id, s.subject), b.amount_minor, b.returned_minor, s.minor
           from (orders_balancepayment b join orders_order o on o.id = b.order_id
                 and b.state = 'spent')
           full join spent s on s.subject = o.public_id
           where coalesce(b.amount_minor - b.returned_minor, 0) <> coalesce(s.minor, 0)""",
    ),
    (
        "INV-TN6", "refunds put back on a balance what its payment says",
        """select b.public_id, b.returned_minor, sum(r.balance_minor)
           from orders_balancepayment b
           left join orders_refund r on r.order_id = b.order_id and r.state <> 'rejected'
           group by b.id having coalesce(sum(r.balance_minor), 0) <> b.returned_minor
           union all
           select r.public_id, r.balance_minor, 0 from orders_refund r where r.balance_minor > 0
             and not exists (select 1 from orders_balancepayment b where b.order_id = r.order_id)""",
    ),
    (
        "INV-TN7", "a refund of units is the sum of its units, on the balance and outside",
        """select r.public_id, r.amount_minor, r.balance_minor, sum(x.amount_minor)
           from orders_refund r left join orders_refundline x on x.refund_id = r.id
           where r.kind in ('undelivered', 'delivered') group by r.id
           having coalesce(sum(x.amount_minor), 0) <> r.amount_minor + r.balance_minor""",
    ),
    (
        "INV-TN8", "the lines of an order share what the balance pays of it",
        """select b.public_id, b.amount_minor from orders_balancepayment b
           where b.amount_minor <> (select coalesce(sum(s.value::bigint), 0)
                                    from jsonb_each_text(b.shares) s)
              or exists (select 1 from jsonb_each_text(b.shares) s
                         left join orders_orderline l on l.public_id = s.key
                         where l.id is null or l.order_id <> b.order_id
                            or s.value::bigint > l.paid_minor)""",
    ),
    (
        "INV-TN9", "a redeemed balance code is on its owner's balance, once and at its face value",
        """select e.public_id, c.amount, sum(p.amount) from orders_exchange e
           join orders_exchangebatch c on c.id = e.batch_id and c.kind = 'balance'
           left join core_journal j on j.key = 'balance.card:' || e.public_id
           left join core_posting p on p.journal_id = j.id
             and p.account_id = 'balance:' || e.owner
           where e.state = 'done' group by e.id, c.amount
           having coalesce(-sum(p.amount), 0) <> c.amount""",
    ),
    (
        "INV-TN10", "what is owed for sold cards is that of those nobody has redeemed",
        """with owed as (select account_id, -sum(amount) as minor from core_posting
                         where account_id = 'cards_sold' group by 1),
           due as (select coalesce(sum(c.amount::bigint * c.size), 0) - coalesce((
                       select sum(d.amount::bigint) from orders_exchange e
                       join orders_exchangebatch d on d.id = e.batch_id
                       join core_journal k on k.key = 'balance.card:' || e.public_id
                       where d.kind = 'balance' and d.origin = 'sold'), 0) as minor
                   from orders_exchangebatch c
                   join core_journal j on j.key = 'cards.sold:' || c.public_id)
           select owed.minor, due.minor from due left join owed on true
           where due.minor <> coalesce(owed.minor, 0)""",
    ),
]  # fmt: skip
