"""Statements about coupons that must return no row."""

STATEMENTS = [
    (
        "INV-V3", "one coupon, one live order",
        """select c.public_id, count(*) from orders_couponuse u
           join orders_coupon c on c.id = u.coupon_id
           join orders_order o on o.public_id = u.order_id
           where o.state not in ('closed', 'late_paid', 'refunded')
           group by 1 having count(*) > 1""",
    ),
    (
        "INV-CP1", "a coupon and the order that has it say the same",
        """select c.public_id, c.state, o.public_id, o.state from orders_coupon c
           join orders_order o on o.public_id = c.order_id
           where (c.state = 'held') <> (o.state = 'pending_payment')
              or o.state in ('closed', 'late_paid')
              or not exists (select from orders_couponuse u
                             where u.coupon_id = c.id and u.order_id = o.public_id)
           union all
           select c.public_id, c.state, o.public_id, o.state from orders_couponuse u
           join orders_coupon c on c.id = u.coupon_id
           join orders_order o on o.public_id = u.order_id
           where o.state not in ('closed', 'late_paid', 'refunded')
             and c.order_id is distinct from u.order_id""",
    ),
    (
        "INV-CP2", "what a promotion by coupon gave an order, a coupon of it was taken for",
        """select x.rule, o.public_id from orders_promotionuse x
           join orders_promotion p on p.public_id = x.rule and p.trigger = 'coupon'
           join orders_order o on o.id = x.order_id
           where not exists (select from orders_couponuse u join orders_coupon c on c.id = u.coupon_id
                             where u.order_id = o.public_id and c.promotion_id = p.id)""",
    ),
    (
        "INV-CP3", "claims are counted and within their limit",
        """with claimed as (
               select m.public_id, m.most_claims, count(c.id) as coupons from orders_couponcampaign m
               left join orders_coupon c on c.promotion_id = m.promotion_id and c.origin = 'claim'
               group by m.id
           )
           select m.public_id, m.coupons, l.used, m.most_claims from claimed m
           left join core_limitcount l on l.key = 'coupon:claims:' || m.public_id
           where coalesce(l.used, 0) <> m.coupons or m.coupons > m.most_claims""",
    ),
    (
        "INV-CP4", "a batch has as many codes as it says",
        """select b.public_id, b.made, count(c.id) from orders_couponbatch b
           left join orders_coupon c on c.batch_id = b.id
           group by b.id having count(c.id) <> b.made
              or (b.state in ('ready', 'frozen') and b.made <> b.total)""",
    ),
]  # fmt: skip
