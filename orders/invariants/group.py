"""Statements about group buys that must return no row."""

STATEMENTS = [
    (
        "INV-GB1", "a group never has more seats taken than it has, and counts them rightly",
        """select g.public_id, g.size, g.taken, g.paid, count(s.id) as seats
           from orders_buygroup g
           left join orders_groupseat s on s.group_id = g.id and s.state <> 'left'
           group by g.id having count(s.id) > g.size or count(s.id) <> g.taken
              or count(s.id) filter (where s.state = 'paid') <> g.paid""",
    ),
    (
        "INV-GB2", "nothing is delivered to a member of a group that is not full",
        """select d.public_id, g.public_id as "group", g.state from orders_groupseat s
           join orders_buygroup g on g.id = s.group_id and g.state <> 'full'
           join orders_order o on o.id = s.order_id
           join fulfillment_delivery d on d.reference = o.public_id""",
    ),
    (
        "INV-GB3", "an order waits for its group exactly while it says so",
        """select o.public_id, o.state, count(w.id) from orders_order o
           join orders_groupseat s on s.order_id = o.id
           left join orders_orderwait w on w.order_id = o.id and w.kind = 'group'
             and w.state = 'open'
           group by o.id having (o.state = 'paid') <> (count(w.id) = 1)
           union all
           select o.public_id, o.state, count(*) from orders_orderwait w
           join orders_order o on o.id = w.order_id
           left join orders_groupseat s on s.order_id = o.id
           where w.kind = 'group' and w.state = 'open' and s.id is null group by o.id""",
    ),
    (
        "INV-GB4", "nobody's money lies in a group that ran out of time, or whose goods are due",
        """select o.public_id, g.public_id as "group", g.state from orders_order o
           join orders_groupseat s on s.order_id = o.id
           join orders_buygroup g on g.id = s.group_id
           where o.state = 'paid' and (g.state <> 'open' or g.deadline <= %(now)s::timestamptz)
             and greatest(o.state_at, least(g.state_at, g.deadline)) <= %(now)s::timestamptz
                 - make_interval(secs => 900 * %(grace)s::float)""",
    ),
    (
        "INV-GB5", "an order has the seat whose price it got, in a group of that campaign",
        """select o.public_id, o.state, s.state as seat from orders_order o
           join orders_promotionuse p on p.order_id = o.id and p.rule like 'gby\\_%%'
           left join orders_groupseat s on s.order_id = o.id and s.group_id in (
               select g.id from orders_buygroup g join orders_groupbuy b on b.id = g.buy_id
               where b.public_id = p.rule)
           where s.id is null
              or (o.state = 'pending_payment' and s.state <> 'held')
              or (o.state in ('fulfilling', 'delivered', 'waiting_stock', 'partially_delivered')
                  and s.state <> 'paid')
              or (o.state in ('closed', 'late_paid') and s.state <> 'left')
           union all
           select o.public_id, o.state, s.state from orders_groupseat s
           join orders_order o on o.id = s.order_id
           where not exists (select from orders_promotionuse p
                             where p.order_id = o.id and p.rule like 'gby\\_%%')""",
    ),
    (
        "INV-GB6", "a campaign counts its open and full groups, never more than it may have",
        """select b.public_id, b.opened, b.most_groups, count(g.id) from orders_groupbuy b
           left join orders_buygroup g on g.buy_id = b.id and g.state <> 'expired'
           group by b.id having count(g.id) <> b.opened or count(g.id) > b.most_groups""",
    ),
    (
        "INV-GB7", "nobody sits twice in one group",
        """select s.group_id, s.id, t.id as other from orders_groupseat s
           join orders_groupseat t on t.group_id = s.group_id and t.id > s.id
           where s.state <> 'left' and t.state <> 'left' and exists (
               select from jsonb_array_elements_text(s.people) p where t.people ? p.value)""",
    ),
]  # fmt: skip
