"""What became of a payout at the bank: paid under the bank's number, or sent back and owed again."""

from datetime import datetime

from core import audit, transitions
from core.faults import guard_off
from core.tx import part, step
from fulfillment import settling
from fulfillment.models import Payout, PayoutState


class NotAgreed(RuntimeError):
    """The payout was not agreed on, or has ended already."""


@step()
def confirm_payout(*, payout: str, bank_no: str, by: str, now: datetime) -> None:
    """The bank paid it under ``bank_no``, which no other payout has.

    Raises NotAgreed, ValueError without a number, IntegrityError for a number of another payout.
    """
    if not bank_no.strip():
        raise ValueError("the bank's number is needed")
    number = bank_no.strip()[:64]
    row = _end(payout, PayoutState.PAID, by=by, now=now, why=number, bank_no=number)
    settling.payout_paid(row, now=now)
    audit.record(tag="payout:paid", by=by, subject=payout, now=now, after={"bank_no": number})


@step()
def return_payout(*, payout: str, why: str, by: str, now: datetime) -> None:
    """The bank sent it back: the payee is owed it again. Raises NotAgreed."""
    row = _end(payout, PayoutState.FAILED, by=by, now=now, why=why)
    settling.payout_failed(row, now=now)
    audit.record(tag="payout:returned", by=by, subject=payout, now=now, after={"why": why})


@part
def _end(
    payout: str, state: PayoutState, *, by: str, now: datetime, why: str, bank_no: str = ""
) -> Payout:
    """End it if it was agreed on and nobody has ended it; the row count decides."""
    row = Payout.objects.get(public_id=payout)
    moved = transitions.move(
        Payout, row.pk, from_=[PayoutState.APPROVED], to=state, now=now, by=by, why=why,
        ended_at=now, bank_no=bank_no,
    )  # fmt: skip
    if not moved and not guard_off("payout.ended"):
        raise NotAgreed(row.state)
    return row
