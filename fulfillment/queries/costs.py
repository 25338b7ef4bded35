"""What delivered units really cost, as the books say it: batch, supplier's charge, merchant's share."""

from django.db import connection

from fulfillment.postings import COGS

# A unit's journals: its code's cost (and a second code's), what its attempts were charged, what
# became of its voucher. What was reversed is in there with the other sign.
COSTS = """
with unit as (
    select public_id, line, id from fulfillment_delivery where reference = %(reference)s),
journal_of as (
    select u.public_id, u.line, j.id from unit u
    join fulfillment_codeissue i on i.delivery_id = u.id
    join core_journal j on j.key = 'cost:' || u.public_id
        || case when i.number = 1 then '' else ':' || i.number end
    union
    select u.public_id, u.line, j.id from unit u
    join fulfillment_attempt a on a.delivery_id = u.id join core_journal j
        on j.key = any(array['attempt.succeeded:' || a.public_id, 'attempt.reversed:' || a.public_id])
    union
    select u.public_id, u.line, j.id from unit u
    join fulfillment_entitlement e on e.delivery_id = u.id
    join fulfillment_redemption r on r.entitlement_id = e.id
    join core_journal j on j.key = 'redemption:' || r.public_id)
select j.line, j.public_id, sum(p.amount)
from journal_of j join core_posting p on p.journal_id = j.id and p.account_id = %(cogs)s
group by 1, 2
"""


def unit_costs(reference: str) -> dict[str, dict[str, int]]:
    """Of each line the cost of its units by delivery, in minor units; what has no cost is not named.

    A code that cost nothing, a voucher that nobody has used yet and a unit on its way have none.
    """
    found: dict[str, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(COSTS, {"reference": reference, "cogs": COGS})
        for line, delivery, minor in cursor.fetchall():
            found.setdefault(line, {})[delivery] = int(minor)
    return found
