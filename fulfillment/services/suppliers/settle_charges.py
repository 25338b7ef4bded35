"""Money that suppliers took beyond what was set aside for them: known by its credit on suspense.

It stands there while its case is open, and leaves the prepaid account when two persons close it. What
the supplier then returns is booked as funding, with the bank's number of the day it comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from core.tx import part
from fulfillment import postings
from fulfillment.models import Delivery

KINDS = [f"attempt.{what}" for what in ("sent", "succeeded", "refused", "contradicted", "settled")]
CHARGES = """
select a.public_id, s.code, p.currency, -sum(p.amount)
from fulfillment_attempt a join fulfillment_supplier s on s.id = a.supplier_id
cross join unnest(%s::text[]) as booked(kind)
join core_journal j on j.key = booked.kind || ':' || a.public_id
join core_posting p on p.journal_id = j.id and p.account_id = 'supplier_suspense:' || s.code
where a.delivery_id = %s and a.closed_at is not null
group by 1, 2, 3 having sum(p.amount) < 0 order by 1
"""


@dataclass(frozen=True, slots=True)
class Charge:
    """What one attempt's supplier took without our consent, in minor units."""

    attempt: str
    supplier: str
    currency: str
    amount_minor: int


@part
def open_charges(delivery: Delivery) -> Sequence[Charge]:
    """Charges of a locked unit's finished attempts that nobody has settled."""
    with connection.cursor() as cursor:
        cursor.execute(CHARGES, [KINDS, delivery.pk])
        rows = cursor.fetchall()
    return [
        Charge(attempt, supplier, currency, int(amount))
        for attempt, supplier, currency, amount in rows
    ]


@part
def settle_charges(*, delivery: Delivery, now: datetime) -> int:
    """Take them from the prepaid accounts: the books say again what the suppliers hold.

    Returns how many. Raises core.ledger.FloorBreached when the books hold less than that: then
    money was sent to the supplier that has not been booked yet.
    """
    charges = open_charges(delivery)
    for charge in charges:
        postings.charge_settled(
            attempt=charge.attempt, supplier=charge.supplier, reference=delivery.reference,
            amount_minor=charge.amount_minor, currency=charge.currency, now=now,
        )  # fmt: skip
    return len(charges)
