"""What promotions have given so far, and what the orders that used them have earned."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from orders.states import PAID_SIDE

# Money earned and spent on an order, by what its accounts are.
STATEMENT = """
with uses as (
    select u.rule, u.order_id, o.public_id, u.discount_minor, u.subsidy_minor
    from orders_promotionuse u join orders_order o on o.id = u.order_id
    where u.rule = any(%(rules)s) and o.state = any(%(states)s)),
earned as (
    select u.rule, -sum(p.amount) as margin
    from (select distinct rule, public_id from uses) u
    join core_posting p on p.subject = u.public_id
    join core_ledgeraccount a on a.code = p.account_id and a.kind in ('income', 'expense')
    group by u.rule)
select u.rule, count(*), sum(u.discount_minor), sum(u.subsidy_minor), coalesce(max(e.margin), 0)
from uses u left join earned e on e.rule = u.rule group by u.rule
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Paid orders that used it; money given, of it subsidized, and the margin left, in minor units."""

    uses: int = 0
    given_minor: int = 0
    subsidy_minor: int = 0
    margin_minor: int = 0


def figures(promotions: Sequence[str]) -> dict[str, Figures]:
    """By public id; those that nobody has used are missing."""
    if not promotions:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENT,
            {"rules": list(promotions), "states": [str(state) for state in sorted(PAID_SIDE)]},
        )
        return {rule: Figures(*map(int, told)) for rule, *told in cursor.fetchall()}
