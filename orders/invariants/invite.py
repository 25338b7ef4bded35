"""Statements about invitations, red packets and rewards that must return no row."""

STATEMENTS = [
    (
        "INV-RW1", "a reward in points is in the ledger, and gone from it when taken back",
        """select r.public_id, r.state from orders_reward r
           left join core_journal g on g.key = 'points.reward:' || r.public_id
           left join core_journal b on b.key = 'points.reward_back:' || r.public_id
           where r.kind = 'points'
             and (g.id is null or (b.id is not null) <> (r.state = 'taken_back'))""",
    ),
    (
        "INV-RW2", "a reward in coupons is a coupon of that person, void when taken back",
        """select r.public_id, c.state from orders_reward r
           left join orders_coupon c on c.public_id = r.coupon
           where r.kind = 'coupon' and (c.id is null or c.owner <> r.owner
             or c.event is distinct from 'reward:' || r.public_id
             or (r.state = 'taken_back' and c.state <> 'void'))""",
    ),
    (
        "INV-IN1", "only invitations past their refund window are rewarded, both sides at most once",
        """select i.public_id, i.state, count(r.id) from orders_invite i
           left join orders_reward r on r.subject = i.public_id
           left join orders_order o on o.public_id = i.order_id
           group by i.id, i.public_id, i.state, i.inviter, i.friend, i.state_at, o.completed_at
           having (i.state not in ('rewarded', 'taken_back') and count(r.id) > 0)
               or count(r.id) <> count(distinct r.owner)
               or bool_or(r.owner not in (i.inviter, i.friend))
               or (i.state = 'rewarded' and (o.completed_at is null
                                             or o.completed_at > i.state_at))""",
    ),
    (
        "INV-IN2", "what invitations gave is what their budgets say was taken",
        """with given as (
               select 'reward:' || p.public_id || ':' || b.name as key, b.used
               from orders_inviteprogramme p cross join lateral (
                   select 'times' as name, (select count(*) from orders_invite i
                       where i.programme_id = p.id and i.state = 'rewarded') as used
                   union all select 'points', (select coalesce(sum(r.points), 0)
                       from orders_reward r where r.source = p.public_id and r.state = 'given')
                   union all select 'minor', (select coalesce(sum(r.worth_minor), 0)
                       from orders_reward r where r.source = p.public_id and r.state = 'given')) b)
           select g.key, g.used, c.used from given g left join core_limitcount c on c.key = g.key
           where g.used <> coalesce(c.used, 0)""",
    ),
    (
        "INV-TK1", "a collected task is one reward of who collected it",
        """select c.public_id, c.state from orders_taskclaim c
           left join orders_reward r on r.subject = c.public_id
           group by c.id having count(r.id) <> 1 or bool_or(r.owner <> c.owner)
               or bool_or(r.state = 'taken_back' and c.state <> 'taken_back')""",
    ),
    (
        "INV-TK2", "what tasks gave is what their budgets say was taken",
        """with given as (
               select 'reward:' || t.public_id || ':' || b.name as key, b.used
               from orders_task t cross join lateral (
                   select 'times' as name, (select count(*) from orders_taskclaim c
                       where c.task_id = t.id and c.state = 'given') as used
                   union all select 'points', (select coalesce(sum(r.points), 0)
                       from orders_reward r where r.source = t.public_id and r.state = 'given')
                   union all select 'minor', (select coalesce(sum(r.worth_minor), 0)
                       from orders_reward r where r.source = t.public_id and r.state = 'given')) b)
           select g.key, g.used, c.used from given g left join core_limitcount c on c.key = g.key
           where g.used <> coalesce(c.used, 0)""",
    ),
    (
        "INV-PK1", "the shares of a packet are all there and sum to it",
        """select p.public_id, p.points, sum(s.points), count(s.id) from orders_packet p
           left join orders_packetshare s on s.packet_id = p.id group by p.id
           having count(s.id) <> p.shares_made or coalesce(sum(s.points), 0) <> p.points
               or (p.kind = 'points' and min(s.points) < 1)""",
    ),
    (
        "INV-PK2", "an opened share is one reward of who opened it, another share is none",
        """select s.public_id, s.state, s.owner from orders_packetshare s
           left join orders_reward r on r.subject = s.public_id
           group by s.id having count(r.id) <> (case s.state when 'taken' then 1 else 0 end)
               or bool_or(r.owner <> s.owner or r.points <> s.points)""",
    ),
    (
        "INV-PK3", "what packets hold and gave is what their budgets say was taken",
        """with held as (
               select 'reward:' || t.public_id || ':' || b.name as key, b.used
               from orders_packettemplate t cross join lateral (
                   select 'times' as name,
                       (select count(*) from orders_packet p where p.template_id = t.id) as used
                   union all select 'points', (select coalesce(sum(s.points), 0)
                       from orders_packetshare s join orders_packet p on p.id = s.packet_id
                       where p.template_id = t.id and s.state <> 'lapsed')
                   union all select 'minor', (select coalesce(sum(p.worth_minor), 0)
                       from orders_packetshare s join orders_packet p on p.id = s.packet_id
                       where p.template_id = t.id and s.state <> 'lapsed')) b)
           select h.key, h.used, c.used from held h left join core_limitcount c on c.key = h.key
           where h.used <> coalesce(c.used, 0)""",
    ),
    (
        "INV-PK4", "nothing can be opened of a packet that has ended",
        """select p.public_id, p.state from orders_packet p
           join orders_packetshare s on s.packet_id = p.id
           where p.state <> 'open' and s.state = 'free'
           union all
           select p.public_id, 'overdue' from orders_packet p where p.state = 'open'
             and p.ends_at < %(now)s::timestamptz - make_interval(secs => 3600 * %(grace)s::float)""",
    ),
    (
        "INV-IN3", "an invitation does not wait long beyond its refund window",
        """select public_id from orders_invite where state = 'waiting' and not_before
             < %(now)s::timestamptz - make_interval(secs => 86400 * %(grace)s::float)""",
    ),
]  # fmt: skip
