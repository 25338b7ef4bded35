"""What a supplier's statement of a day should hold: purchases, returns, and money paid in."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from core.reconciliation.booked import booked
from core.reconciliation.values import Expect, Own

ATTEMPTS = """
select a.number, a.supplier_no, a.state, a.cost_minor, a.currency, coalesce(a.sent_at, a.created_at),
    a.closed_at, a.public_id
from fulfillment_attempt a where a.supplier_id = %(supplier)s and (
    (a.sent_at >= %(start)s and a.sent_at < %(end)s)
    or (a.state = 'reversed' and a.closed_at >= %(start)s and a.closed_at < %(end)s)
    or a.number = any(%(numbers)s::text[])
    or (a.supplier_no <> '' and a.supplier_no = any(%(their_numbers)s::text[])))
"""
# Money that we paid in and stock that was paid from the account carry no number of an attempt.
PAID_IN = """
select j.kind, p.amount, p.currency, j.at, j.key, p.subject
from core_journal j join core_posting p on p.journal_id = j.id
where p.account_id = any(%(accounts)s::text[]) and j.at >= %(from)s and j.at < %(until)s
  and j.kind in ('supplier.funded', 'stock.bought', 'payout.paid')
"""
NEIGHBOR = timedelta(days=1)
#: The journals of a purchase; `reversed` is the way back and stands for itself.
THERE = ("sent", "succeeded", "refused", "contradicted", "settled")
STATES = {
    "succeeded": Expect.MUST, "reversed": Expect.MUST, "rejected": Expect.CANCELS,
    "failed": Expect.CANCELS, "sent": Expect.OPEN, "accepted": Expect.OPEN,
    "unknown": Expect.OPEN,
}  # fmt: skip


def entries(
    supplier_id: int,
    code: str,
    *,
    start: datetime,
    end: datetime,
    numbers: Collection[str],
    their_numbers: Collection[str],
) -> list[Own]:
    """Our side of [start, end), and whatever these numbers name on any day. Minor units."""
    accounts = [f"supplier_{head}:{code}" for head in ("prepaid", "suspense", "payable")]
    params: dict[str, Any] = {
        "supplier": supplier_id, "start": start, "end": end, "accounts": accounts,
        "numbers": [each for each in numbers if each],
        "their_numbers": [each for each in their_numbers if each],
        "from": start - NEIGHBOR, "until": end + NEIGHBOR,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(ATTEMPTS, params)
        attempts = cursor.fetchall()
        cursor.execute(PAID_IN, params)
        paid = cursor.fetchall()
    keys = [f"attempt.{what}:{row[7]}" for row in attempts for what in (*THERE, "reversed")]
    moved = booked(keys, accounts)
    found = [own for row in attempts for own in _of_attempt(row, moved)]
    return found + [_paid_in(*row) for row in paid]


def _of_attempt(row: tuple[Any, ...], moved: Mapping[str, int]) -> list[Own]:
    number, their_no, state, cost, currency, sent, closed, subject = row
    both = {"number": number, "their_no": their_no, "currency": currency, "subject": subject,
            "state": state}  # fmt: skip
    odd = moved.get(f"attempt.contradicted:{subject}")
    if odd is not None and state in ("rejected", "failed"):
        # We had counted it as refused; they charged it, and our books have said so since.
        return [Own(kind="order", amount_minor=odd, at=sent, booked_minor=odd, **both)]
    expect = STATES.get(state, Expect.NEVER)
    if expect is not Expect.MUST:
        return [Own(kind="order", amount_minor=None, at=sent, expect=expect, **both)]
    there = sum(moved.get(f"attempt.{what}:{subject}", 0) for what in THERE)
    bought = Own(kind="order", amount_minor=-(cost or 0), at=sent, booked_minor=there, **both)
    if state != "reversed":
        return [bought]
    back = moved.get(f"attempt.reversed:{subject}", 0)
    given_back = Own(
        kind="reversal", amount_minor=cost or 0, at=closed or sent, booked_minor=back, **both
    )
    return [bought, given_back]


def _paid_in(kind: str, amount: int, currency: str, at: datetime, key: str, subject: str) -> Own:
    """A top-up is known by nobody's number; its amount and day have to do."""
    what = "order" if kind == "stock.bought" else "topup"
    return Own(
        kind=what, number="", their_no="", amount_minor=int(amount), currency=currency, at=at,
        subject=(subject or key.rpartition(":")[2])[:40], state=kind,
    )  # fmt: skip
