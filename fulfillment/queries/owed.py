"""Who is owed what: the accounts of merchants and of suppliers on account."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from fulfillment.models import Merchant, PayeeKind, Supplier

# Nothing that was earned later, and nothing that has been taken back since.
OWED = """
select split_part(p.account_id, ':', 2), p.currency,
    least(-sum(p.amount), -coalesce(sum(p.amount) filter (where j.at < %(until)s), 0))
from core_posting p join core_journal j on j.id = p.journal_id
where p.account_id like %(accounts)s
group by 1, 2 having least(-sum(p.amount), -coalesce(sum(p.amount) filter (where j.at < %(until)s), 0)) > 0
order by 1, 2
"""
HEADS = {PayeeKind.MERCHANT: "merchant_payable", PayeeKind.SUPPLIER: "supplier_payable"}


@dataclass(frozen=True, slots=True)
class Owed:
    """Minor units that a payee may be paid."""

    payee: str
    currency: str
    amount_minor: int


def owed(kind: str, *, until: datetime) -> list[Owed]:
    """Everybody of a kind who was owed money by `until` and is owed it still."""
    params: dict[str, Any] = {"accounts": f"{HEADS[PayeeKind(kind)]}:%", "until": until}
    with connection.cursor() as cursor:
        cursor.execute(OWED, params)
        return [Owed(payee, currency, int(n)) for payee, currency, n in cursor.fetchall()]


def name_of(kind: str, payee: str) -> str:
    """The payee as people know it; the code when nobody has it any more."""
    if kind == PayeeKind.MERCHANT:
        return Merchant.objects.filter(code=payee).values_list("name", flat=True).first() or payee
    return Supplier.objects.filter(code=payee).values_list("name", flat=True).first() or payee
