"""Statements about lotteries that must return no row (orders/invariants.py has the others)."""

from core import invariants

# id, title, statement.
STATEMENTS = [
    (
        "INV-LT1", "no prize is drawn more often than there is of it",
        """select p.id, p.stock, count(d.id) from orders_prize p
           join orders_draw d on d.prize_id = p.id where p.stock is not null
           group by p.id, p.stock having count(d.id) > p.stock""",
    ),
    (
        "INV-LT2", "a piece of a prize is taken by exactly one draw",
        """select u.id, d.public_id from orders_prizeunit u
           left join orders_draw d on d.unit_id = u.id
           where (u.taken_at is not null) <> (d.id is not null) or d.prize_id <> u.prize_id
           union all
           select null, d.public_id from orders_draw d join orders_prize p on p.id = d.prize_id
           where (p.stock is not null) <> (d.unit_id is not null)""",
    ),
    (
        "INV-LT3", "a used chance is a draw of its owner in its lottery",
        """select c.id, d.public_id from orders_chance c left join orders_draw d on d.chance_id = c.id
           where (c.used_at is not null) <> (d.id is not null)
              or d.lottery_id <> c.lottery_id or d.owner <> c.owner""",
    ),
    (
        "INV-LT4", "the numbers of draws have no gap",
        """select l.public_id, l.drawn, count(d.id), max(d.number) from orders_lottery l
           left join orders_draw d on d.lottery_id = l.id group by l.id, l.public_id, l.drawn
           having l.drawn <> count(d.id) or l.drawn <> coalesce(max(d.number), 0)""",
    ),
    (
        "INV-LT5", "a revealed seed is the one that was committed to",
        """select public_id from orders_lottery where seed <> '' and commitment <> encode(
           sha256(decode(seed, 'hex') || convert_to(table_text, 'UTF8')), 'hex')""",
    ),
    (
        "INV-LT6", "the prizes of an open lottery are those that were published",
        """select l.public_id from orders_lottery l where l.state <> 'draft'
             and (l.table_text::jsonb -> 'prizes') is distinct from (
                 select jsonb_agg(jsonb_build_object('key', p.key, 'name', p.name, 'odds', p.odds,
                     'stock', p.stock) order by p.position, p.id)
                 from orders_prize p where p.lottery_id = l.id)
           union all
           select l.public_id from orders_lottery l join orders_prize p on p.lottery_id = l.id
           where l.state <> 'draft' and p.stock is distinct from
               (select nullif(count(*), 0) from orders_prizeunit u where u.prize_id = p.id)""",
    ),
    (
        "INV-LT7", "every prize that was won is handed over or on its way",
        """select d.public_id, p.kind from orders_draw d join orders_prize p on p.id = d.prize_id
           where (p.kind <> 'nothing') <> exists (
               select 1 from orders_award a where a.draw_id = d.id and a.prize_id = d.prize_id
                 and a.owner = d.owner)
           union all
           select a.public_id, a.result from orders_award a join orders_prize p on p.id = a.prize_id
           where a.state = 'done' and p.kind = 'goods' and not exists (
               select 1 from orders_order o where o.public_id = a.result and o.total_minor = 0
                 and o.state not in ('pending_payment', 'closed'))
           union all
           select a.public_id, 'late' from orders_award a where a.state = 'waiting'
             and a.created_at <= %(now)s::timestamptz - make_interval(secs => 259200 * %(grace)s::float)""",
    ),
    (
        "INV-LT8", "no lottery gave more than the budget that two persons agreed to",
        """select l.public_id, l.budget_minor, c.used from orders_lottery l
           join core_limitcount c on c.key = 'promo:' || l.public_id || ':subsidy'
           where c.used > l.budget_minor""",
    ),
]  # fmt: skip

for _id, _title, _sql in STATEMENTS:
    invariants.register(_id, _title, _sql)
