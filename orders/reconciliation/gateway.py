"""Run 1: payments and refunds beside the provider's daily bill and our own ledger (R-REC).

What stands in the bill belongs to one day in Asia/Shanghai; matching is core's. The fees that a
bill names enter the books here, when the lines that carry them have matched.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.ledger import Line as Leg
from core.models import BreakKind, Comparison, Difference
from core.reconciliation.differences import Correction
from core.reconciliation.runs import Party
from core.reconciliation.statement_run import StatementRun
from core.reconciliation.values import Fetched, Own
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


class GatewayRun(StatementRun):
    """See the module."""

    name = NAME
    title = _("Payments and the provider's bill")
    signs = SIGNS

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

    def entries(
        self, party: str, *, start: datetime, end: datetime, numbers: Collection[str],
        their_numbers: Collection[str],
    ) -> list[Own]:  # fmt: skip
        provider = registry.get(provider_of(party))
        return entries(
            provider.code, start=start, end=end, numbers=numbers, their_numbers=their_numbers,
            fee_of=provider.fee_minor,
        )  # fmt: skip

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
