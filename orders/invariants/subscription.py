"""What must be true of subscriptions: SQL that returns no rows (reliability.md, INV-B*, here INV-SB*)."""

STATEMENTS = [
    (
        "INV-SB1", "no period of a subscription is there twice or overlaps another",
        """select a.public_id, b.public_id as other from orders_subscriptionperiod a
           join orders_subscriptionperiod b
             on a.subscription_id = b.subscription_id and a.id < b.id
           where a.state <> 'void' and b.state <> 'void'
             and a.period_start < b.period_end and b.period_start < a.period_end""",
    ),
    (
        "INV-SB2", "no renewal is charged without a notice five days before",
        """select p.public_id, min(n.sent_at) as told, p.charged_at
           from orders_subscriptionperiod p
           left join orders_renewalnotice n on n.period_id = p.id
             and n.amount_minor >= p.price_minor
           where p.is_renewal and p.first_tried_at is not null
           group by p.id, p.public_id, p.charged_at, p.first_tried_at
           having coalesce(min(n.sent_at), 'infinity') > p.first_tried_at - interval '5 days'""",
    ),
    (
        "INV-SB3", "a period is paid for by one order, and a paid period by just that",
        """select p.public_id, p.state, count(c.id) as paid
           from orders_subscriptionperiod p
           left join (orders_subscriptioncharge c join orders_payment y
             on y.order_id = c.order_id and y.applied) on c.period_id = p.id
           group by p.id, p.public_id, p.state
           having count(c.id) > 1 or (p.state = 'paid' and count(c.id) = 0)""",
    ),
    (
        "INV-SB4", "nobody pays more for a period than was agreed and announced",
        """select p.public_id, p.price_minor, o.total_minor
           from orders_subscriptioncharge c
           join orders_subscriptionperiod p on p.id = c.period_id
           join orders_order o on o.id = c.order_id
           where o.total_minor > p.price_minor""",
    ),
    (
        "INV-SB5", "what runs has a signed mandate and one next period",
        """select s.public_id, s.state, m.state as mandate, count(p.id) as next
           from orders_subscription s
           left join orders_mandate m on m.subscription_id = s.id
           left join orders_subscriptionperiod p on p.subscription_id = s.id
             and p.state in ('planned', 'noticed', 'failed', 'charging')
           where s.state in ('active', 'past_due')
           group by s.id, s.public_id, s.state, m.state
           having count(p.id) <> 1 or m.state is distinct from 'signed'""",
    ),
    (
        "INV-SB6", "what is paused or over is not charged any more",
        """select s.public_id, s.state, p.public_id as period
           from orders_subscription s join orders_subscriptionperiod p on p.subscription_id = s.id
           where s.state in ('paused', 'cancelling', 'ended')
             and p.state in ('planned', 'noticed', 'failed')""",
    ),
    (
        "INV-SB7", "no period and no mandate is forgotten",
        """select public_id, state from orders_subscriptionperiod
           where state in ('planned', 'noticed', 'failed', 'charging') and not_before is null
           union all
           select m.public_id, m.state from orders_mandate m
           where m.not_before is null and (m.state = 'pending' or m.ending)
             and m.state in ('pending', 'signed')""",
    ),
    (
        "INV-SB8", "no plan gave more under the floor than two persons agreed to",
        """select p.public_id, c.used, p.budget_minor from orders_plan p
           join core_limitcount c on c.key = 'promo:' || p.public_id || ':subsidy'
           where c.used > p.budget_minor""",
    ),
]  # fmt: skip
