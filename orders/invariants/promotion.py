"""Statements about promotions that must return no row."""

STATEMENTS = [
    (
        "INV-PR1", "a promotion's budget is what orders that count have taken of it",
        """with taken as (
               select t.value ->> 'key' as key, sum((t.value ->> 'units')::bigint) as units
               from orders_order o cross join lateral jsonb_array_elements(o.budgets) t
               where exists (select from orders_promotionuse u where u.order_id = o.id)
                 and t.value ? 'rule' and not coalesce((t.value ->> 'back')::boolean, false)
               group by 1
           )
           select coalesce(c.key, t.key), c.used, t.units
           from (select key, used from core_limitcount where key like 'promo:%%' and used > 0) c
           full join taken t on t.key = c.key
           where coalesce(c.used, 0) <> coalesce(t.units, 0)""",
    ),
    (
        "INV-PR2", "no promotion gave more than its budgets",
        """select p.public_id, c.key, c.used from orders_promotion p
           join core_limitcount c on c.key in ('promo:' || p.public_id || ':uses',
               'promo:' || p.public_id || ':money', 'promo:' || p.public_id || ':subsidy')
           where c.used > case split_part(c.key, ':', 3) when 'uses' then p.most_uses
               when 'money' then p.most_minor else p.subsidy_minor end""",
    ),
    (
        "INV-PR3", "a line costs its unit price and what its reasons say",
        """select l.public_id, l.unit_minor * l.quantity, l.paid_minor from orders_orderline l
           where l.bundle_id is null and l.paid_minor <> l.unit_minor * l.quantity + coalesce((
               select sum((a.value ->> 'amount_minor')::bigint)
               from jsonb_array_elements(l.adjustments) a where a.value -> 'params' ? 'rule'), 0)""",
    ),
    (
        "INV-PR4", "an order costs what its lines cost",
        """select o.public_id, o.total_minor, sum(l.paid_minor) from orders_order o
           join orders_orderline l on l.order_id = o.id
           group by o.id having sum(l.paid_minor) <> o.total_minor""",
    ),
    (
        "INV-PR5", "what lines were given under their floor is what promotions say they gave",
        """select o.public_id, sum(l.subsidy_minor),
               (select sum(u.subsidy_minor) from orders_promotionuse u where u.order_id = o.id)
           from orders_order o join orders_orderline l on l.order_id = o.id
           where exists (select from orders_promotionuse u where u.order_id = o.id)
              or l.subsidy_minor > 0
           group by o.id having sum(l.subsidy_minor) <> coalesce(
               (select sum(u.subsidy_minor) from orders_promotionuse u where u.order_id = o.id), 0)""",
    ),
    (
        "INV-PR6", "the subsidy of what was delivered is in the books",
        """select l.public_id, l.subsidy_minor from orders_orderline l
           join orders_order o on o.id = l.order_id
           where l.subsidy_minor > 0 and l.delivered = l.quantity
             and not exists (select from core_posting p where p.subject = o.public_id
                             and p.account_id = 'promotion_subsidy')""",
    ),
]  # fmt: skip
