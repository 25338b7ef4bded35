"""What a provider keeps for itself enters the books with its bill, once, and follows its corrections."""

from datetime import datetime

from django.db.models import Sum

from core import ledger
from core.ledger import Line
from core.models import BreakKind, Comparison, Posting, StatementLine
from core.tx import part
from orders import postings
from orders.payments.base import Provider

Outcome = StatementLine.Outcome
#: The money of these is not in doubt, so its agreed fee is not either.
SOUND = (BreakKind.FEE, BreakKind.NUMBER, BreakKind.TIMING)


@part
def book_fees(*, comparison: Comparison, provider: Provider, now: datetime) -> int:
    """Post what the day's fees are more than what is posted. Returns that difference, minor units.

    Lines that matched count with the fee they name; lines whose fee is disputed with the fee that
    was agreed on, until two persons accept the other.
    """
    moved = 0
    subject = f"{provider.code}:{comparison.day.isoformat()}"
    for currency, wanted in _wanted(comparison, provider).items():
        posted = (
            Posting.objects.filter(
                account_id=postings.FEE, subject=subject, currency=currency
            ).aggregate(total=Sum("amount"))["total"]
            or 0
        )
        if wanted == posted:
            continue
        ledger.post(
            key=f"psp.fees:{subject}:{currency}:{comparison.runs}", kind="psp.fees", now=now,
            lines=(
                Line(postings.FEE, wanted - posted, subject, currency),
                Line(f"{postings.CLEARING}:{provider.code}", posted - wanted, subject, currency),
            ),
        )  # fmt: skip
        moved += wanted - posted
    return moved


def _wanted(comparison: Comparison, provider: Provider) -> dict[str, int]:
    lines = StatementLine.objects.filter(
        statement=comparison.statement_id, outcome__in=[Outcome.MATCHED, Outcome.OTHER_DAY]
    )
    sums = dict(lines.values_list("currency").annotate(total=Sum("fee_minor")))
    for case in comparison.differences.filter(kind__in=SOUND, what="payment").exclude(
        closing="healed"
    ):
        agreed = case.ours.get("fee_minor")
        fee = provider.fee_minor(int(case.ours["amount_minor"])) if agreed is None else agreed
        sums[case.currency] = sums.get(case.currency, 0) + (fee or 0)
    return sums
