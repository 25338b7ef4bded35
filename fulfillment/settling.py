"""Movements of money when those are paid who are owed it: merchants, and suppliers on account.

Amounts are minor units of the named currency. What is agreed on leaves the payee's account at once
and stands under its own number until the bank has confirmed it or sent it back.
"""

from datetime import datetime

from core import ledger
from core.ledger import Line
from core.tx import part
from fulfillment import postings
from fulfillment.models import PayeeKind, Payout

HEADS = {PayeeKind.MERCHANT: postings.MERCHANT, PayeeKind.SUPPLIER: postings.PAYABLE}


def account_of(kind: str, payee: str) -> str:
    """The account on which a payee's money stands until it is paid."""
    return f"{HEADS[PayeeKind(kind)]}:{payee}"


def _move(payout: Payout, what: str, debit: str, credit: str, *, now: datetime) -> bool:
    return ledger.post(
        key=f"payout.{what}:{payout.public_id}", kind=f"payout.{what}", now=now,
        lines=(
            Line(debit, payout.amount_minor, payout.public_id, payout.currency),
            Line(credit, -payout.amount_minor, payout.public_id, payout.currency),
        ),
    )  # fmt: skip


@part
def payout_agreed(payout: Payout, *, now: datetime) -> bool:
    """Two persons agreed: it is on its way."""
    return _move(payout, "agreed", account_of(payout.kind, payout.payee), postings.PAYOUTS, now=now)


@part
def payout_paid(payout: Payout, *, now: datetime) -> bool:
    """The bank has paid it."""
    return _move(payout, "paid", postings.PAYOUTS, "bank", now=now)


@part
def payout_failed(payout: Payout, *, now: datetime) -> bool:
    """The bank sent it back: it is owed again."""
    return _move(payout, "failed", postings.PAYOUTS, account_of(payout.kind, payout.payee), now=now)


@part
def consigned_left(
    *, key: str, supplier: str, batch: str, amount_minor: int, sold: bool, currency: str,
    now: datetime,
) -> bool:  # fmt: skip
    """Goods that were the supplier's left the stock: sold ones are owed now, lost ones are not ours.

    The loss that was booked when they went void or expired is taken back.
    """
    other = f"{postings.PAYABLE}:{supplier}" if sold else "writeoff"
    return ledger.post(
        key=key, kind="consigned.sold" if sold else "consigned.returned", now=now,
        lines=(
            Line(f"{postings.CONSIGNED}:{supplier}", amount_minor, batch, currency),
            Line(other, -amount_minor, batch, currency),
        ),
    )  # fmt: skip
