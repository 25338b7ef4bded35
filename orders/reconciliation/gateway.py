"""Run 1: payments and refunds beside the provider's daily bill and our own ledger (R-REC).

What stands in the bill belongs to one day in Asia/Shanghai; matching is core's. The fees that a
bill names enter the books here, when the lines that carry them have matched.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.ledger import Line as Leg
from core.models import BreakKind, Comparison, Difference
from core.reconciliation.differences import Correction
from core.reconciliation.matching import Matching
from core.reconciliation.runs import Party
from core.reconciliation.statements import (
    covered_days,
    current_statement,
    lines_elsewhere,
    lines_of_day,
)
from core.reconciliation.unreadable import unreadable
from core.reconciliation.values import DAY, Fetched, Result, Unavailable, day_bounds
from core.tx import part
from orders import postings
from orders.models import Payment
from orders.payments import registry
from orders.queries.billed import entries
from orders.reconciliation.fees import book_fees
from orders.states import OPEN_PAYMENT

NAME = "gateway"
#: Money that came is positive in a bill, money that went back negative.
SIGNS = {"payment": 1, "refund": -1}
STEPS: dict[str, Promise] = {
    BreakKind.MISSING_OURS: _("Ask the provider about this number; if the money is real, book it."),
    BreakKind.MISSING_THEIRS: _(
        "If the next day's bill does not have it either, ask the provider; then write it off."
    ),
    BreakKind.AMOUNT: _("Compare with the provider's console; book what is really there."),
    BreakKind.STATE: _("Ask the provider how this payment or refund stands; it may heal itself."),
    BreakKind.FEE: _("Compare with the contract; claim it back or accept it."),
    BreakKind.DUPLICATE: _("Ask the provider whether the money came twice; then book or explain."),
    BreakKind.LEDGER: _("Open the journal; two persons correct the ledger."),
}
OTHERWISE = _("Compare both sides, then explain what it is.")


def party_of(provider: str) -> str:
    """The name of a provider in the books of comparisons."""
    return f"gateway:{provider}"


def provider_of(party: str) -> str:
    return party.partition(":")[2]


class GatewayRun:
    """See the module."""

    name = NAME
    title = _("Payments and the provider's bill")
    reads_statements = True

    def parties(self) -> Sequence[Party]:
        return [
            Party(party_of(provider.code), provider.title)
            for provider in registry.offered()
            if not provider.instant
        ]

    def fetch(self, party: str, day: date, *, now: datetime) -> Fetched:
        return registry.get(provider_of(party)).bill(day, now=now)

    def read(self, party: str, raw: bytes) -> Fetched:
        return registry.get(provider_of(party)).read_bill(raw)

    def compare(self, party: str, day: date, *, now: datetime) -> Result:
        statement = current_statement(party, day)
        if statement is None:
            raise Unavailable("no bill of this day")
        provider = registry.get(provider_of(party))
        lines = lines_of_day(statement)
        start, end = day_bounds(day)
        ours = entries(
            provider.code, start=start, end=end,
            numbers=[line.number for line in lines],
            their_numbers=[line.their_no for line in lines], fee_of=provider.fee_minor,
        )  # fmt: skip
        lines += lines_elsewhere(
            party, day,
            numbers={own.number for own in ours} | {line.number for line in lines},
            their_numbers={own.their_no for own in ours},
        )  # fmt: skip
        around = covered_days(party, [day - DAY, day + DAY])
        result = Matching(day, covered=around, signs=SIGNS).run(lines, ours)
        result.breaks += unreadable(statement.pk)
        return result

    @part
    def conclude(self, comparison: Comparison, *, now: datetime) -> None:
        provider = provider_of(comparison.party)
        book_fees(comparison=comparison, provider=registry.get(provider), now=now)
        # Money that they have and we do not know of is asked about at once.
        told = comparison.differences.filter(state="open", kind=BreakKind.STATE)
        Payment.objects.filter(
            number__in=told.values("number"), provider=provider, state__in=OPEN_PAYMENT
        ).update(not_before=now)

    def corrections(self, difference: Difference) -> Sequence[Correction]:
        provider = provider_of(difference.comparison.party)
        clearing = f"{postings.CLEARING}:{provider}"
        delta = difference.delta_minor
        if not delta:
            return ()
        key, title, other = _other_leg(difference)
        # The ledger's own difference is what it has too much, not what they have more.
        moved = -delta if difference.kind == BreakKind.LEDGER else delta
        subject = difference.subject or difference.public_id
        return (
            Correction(
                key, title,
                (
                    Leg(clearing, moved, subject, difference.currency),
                    Leg(other, -moved, subject, difference.currency),
                ),
            ),
        )  # fmt: skip

    def next_step(self, difference: Difference) -> str | Promise:
        return STEPS.get(difference.kind, OTHERWISE)


def _other_leg(difference: Difference) -> tuple[str, Promise, str]:
    """Where the money came from or went, by what differs."""
    if difference.kind == BreakKind.FEE:
        return "fee", _("Accept their fee"), postings.FEE
    if difference.kind == BreakKind.LEDGER or difference.delta_minor < 0:
        return "writeoff", _("Write it off"), "writeoff"
    if difference.what == "refund":
        return "owed", _("It was not paid out: owe it again"), postings.REFUND_PAYABLE
    return "unallocated", _("Book it as money that pays for nothing yet"), postings.UNALLOCATED


RUN = GatewayRun()
