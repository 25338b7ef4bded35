"""Statements that must return no row about outside channels, whatever has happened."""

from core import invariants

# id, title, statement. `%(grace)s` shortens waiting times to nothing when the shop is at rest.
STATEMENTS = [
    (
        "INV-M1", "an outside channel's order that was taken has exactly one paid order of ours",
        """select m.public_id, m.state, m.order from distribution_marketorder m
           join distribution_marketplace k on k.id = m.marketplace_id
           left join orders_order o on o.public_id = m.order and o.channel_id = k.channel_id
           left join orders_payment p on p.order_id = o.id and p.applied and p.provider = 'account'
             and p.amount_minor = m.total_minor and p.currency = m.currency
           where m.state in ('accepted', 'done', 'failed') and p.id is null
           union all
           select p.public_id, p.state, o.public_id from orders_payment p
           join orders_order o on o.id = p.order_id
           left join distribution_marketorder m on m.order = o.public_id
             and m.state in ('accepted', 'done', 'failed')
           where p.provider = 'account' and p.state = 'succeeded' and m.id is null""",
    ),
    (
        "INV-M2", "what a channel owes is what it was charged, less what came back, less what it paid",
        """select k.code, b.balance, owed.minor from distribution_marketplace k
           left join core_accountbalance b
             on b.account_id = 'channel_account:' || k.code and b.currency = k.currency
           join lateral (
               select coalesce((select sum(m.total_minor) from distribution_marketorder m
                        where m.marketplace_id = k.id), 0)
                    - coalesce((select sum(r.amount_minor) from orders_refund r
                        join orders_order o on o.id = r.order_id
                        join distribution_marketorder m on m.order = o.public_id
                        join core_journal j on j.key = 'account.credited:' || r.public_id
                        where m.marketplace_id = k.id), 0)
                    - coalesce((select sum(p.amount_minor) from distribution_marketpayment p
                        where p.marketplace_id = k.id), 0)
                    + coalesce((select sum(l.amount) from core_posting l
                        join core_journal j on j.id = l.journal_id and j.kind = 'correction'
                        where l.account_id = 'channel_account:' || k.code), 0) as minor) owed on true
           where coalesce(b.balance, 0) <> owed.minor""",
    ),
    (
        "INV-M3", "a channel owes no more than its limit, and its account's floor says so",
        """select k.code, k.credit_limit_minor, b.balance, b.floor from distribution_marketplace k
           left join core_accountbalance b
             on b.account_id = 'channel_account:' || k.code and b.currency = k.currency
           where b.id is null or b.floor <> -k.credit_limit_minor
              or b.balance > k.credit_limit_minor""",
    ),
    (
        "INV-M4", "what is paid on account stands on the channel's own account, and nowhere else",
        """select p.subject, sum(p.amount) from core_posting p
           join core_journal j on j.id = p.journal_id
           where p.account_id = 'psp_clearing:account'
           group by 1 having sum(p.amount) <> 0
             and max(j.at) <= %(now)s::timestamptz - make_interval(secs => 600 * %(grace)s::float)""",
    ),
    (
        "INV-M5", "what a channel is told of an order is what became of ours",
        """select m.public_id, m.state, o.state as ours, m.delivered from distribution_marketorder m
           join orders_order o on o.public_id = m.order
           join lateral (select sum(l.delivered) as delivered from orders_orderline l
               where l.order_id = o.id) c on true
           where m.state_at <= %(now)s::timestamptz - make_interval(secs => 600 * %(grace)s::float)
             and o.state_at <= %(now)s::timestamptz - make_interval(secs => 600 * %(grace)s::float)
             and ((m.state = 'done' and o.state not in ('delivered', 'partially_delivered'))
               or (m.state = 'failed' and o.state <> 'refunded')
               or (m.state = 'accepted' and o.state in ('delivered', 'refunded', 'closed'))
               or (m.state in ('done', 'failed') and m.delivered <> c.delivered))""",
    ),
    (
        "INV-M6", "no order of a channel is left undecided, and no result is forgotten",
        """select public_id, 'order' as what from distribution_marketorder
           where state = 'received' and (not_before is null or not_before
                 <= %(now)s::timestamptz - make_interval(secs => 900 * %(grace)s::float))
           union all
           select public_id, 'push' from distribution_marketpush
           where state = 'waiting' and (not_before is null or not_before
                 <= %(now)s::timestamptz - make_interval(secs => 900 * %(grace)s::float))
           union all
           select m.public_id, 'result' from distribution_marketorder m
           join distribution_marketplace k on k.id = m.marketplace_id and k.callback_url <> ''
           where m.state in ('done', 'failed') and m.state_at > k.created_at
             and not exists (select 1 from distribution_marketpush p
               where p.order_id = m.id
                 and p.result = case m.state when 'done' then '0' else '2' end)
             and not exists (select 1 from core_auditentry a
               where a.tag = 'market:saved' and a.subject = 'market:' || k.code
                 and a.at >= m.state_at)""",
    ),
]  # fmt: skip

for _id, _title, _sql in STATEMENTS:
    invariants.register(_id, _title, _sql)
