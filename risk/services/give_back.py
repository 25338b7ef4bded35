from datetime import datetime

from core.hot import hot_cursor
from core.tx import part

# The keys stand as an array, so that they are looked up however few or many counters there are.
STATEMENT = """
with closed as (
    update risk_openbudget set given_back_at = %(now)s::timestamptz
    where subject = %(subject)s::text and given_back_at is null
    returning counters
), due as materialized (
    select c.key, (closed.counters ->> c.key)::int as amount
    from closed cross join core_limitcount c
    where c.key = any (array(select jsonb_object_keys(counters) from closed))
    order by c.key for update of c
), back as (
    update core_limitcount c set used = greatest(c.used - due.amount, 0) from due
    where c.key = due.key and c.key = any (array(select key from due))
    returning 1
)
select (select count(*) from closed), (select count(*) from back)
"""


@part
def give_back(*, subject: str, now: datetime) -> bool:
    """Give back what `subject` took from reservation budgets; one statement.

    Called in the transaction that pays, cancels or expires the order. Returns whether this call
    gave anything back: asking again changes nothing.
    """
    with hot_cursor() as cursor:
        cursor.execute(STATEMENT, {"subject": subject, "now": now})
        closed, _ = cursor.fetchone()
        return bool(closed)
