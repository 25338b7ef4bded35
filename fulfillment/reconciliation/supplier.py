"""Run 2: attempts beside the supplier's statement and our accounts with it (R-REC).

The statement is the dialect's own, fetched by its adapter, or a file in the house's columns that a
person brings for a supplier without an interface.
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
from core.reconciliation.values import Fetched, Own, Unavailable
from fulfillment import postings
from fulfillment.models import Supplier
from fulfillment.queries.charged import entries
from fulfillment.reconciliation import files
from fulfillment.services.suppliers.connect_supplier import NotReady, connect_supplier
from fulfillment.states import SupplierState

NAME = "supplier"
#: Charges are negative in a statement, what comes back is positive; a top-up may be either.
SIGNS = {"order": -1, "refund": 1, "reversal": 1}
STEPS: dict[str, Promise] = {
    BreakKind.MISSING_OURS: _(
        "They charged what we never ordered: claim it back, or book it as a loss."
    ),
    BreakKind.MISSING_THEIRS: _(
        "If tomorrow's statement does not have it either, ask them; a refund that is missing is ours."
    ),
    BreakKind.AMOUNT: _("Compare with the agreed price; claim the rest, or book it."),
    BreakKind.STATE: _(
        "They say another end than we do: ask them with both numbers before anything is booked."
    ),
    BreakKind.DUPLICATE: _("Charged twice for one purchase: claim it back, or book it as a loss."),
    BreakKind.NUMBER: _("The same purchase under another number: ask them which one holds."),
    BreakKind.LEDGER: _("Open the trace: a journal of this purchase is missing or wrong."),
}
OTHERWISE = _("Compare both sides, then explain what it is.")


def party_of(supplier: str) -> str:
    """The name of a supplier in the books of comparisons."""
    return f"supplier:{supplier}"


def supplier_of(party: str) -> Supplier:
    """Raises Supplier.DoesNotExist."""
    return Supplier.objects.get(code=party.partition(":")[2])


class SupplierRun(StatementRun):
    """See the module."""

    name = NAME
    title = _("Purchases and the supplier's statement")
    signs = SIGNS

    def parties(self) -> Sequence[Party]:
        known = Supplier.objects.filter(state=SupplierState.ON).order_by("code")
        return [Party(party_of(each.code), each.name) for each in known]

    def fetch(self, party: str, day: date, *, now: datetime) -> Fetched:
        supplier = supplier_of(party)
        try:
            link = connect_supplier(supplier)
        except NotReady as error:
            raise Unavailable(error.reason) from error
        if not link.adapter.capabilities.statement:
            raise Unavailable("this supplier gives no statements; a person brings the file")
        told = link.adapter.statement(link.connection, day=day, now=now)
        if told.problem:
            raise Unavailable(told.problem)
        return files.of_statement(told)

    def read(self, party: str, raw: bytes) -> Fetched:
        return files.read(raw)

    def entries(
        self, party: str, *, start: datetime, end: datetime, numbers: Collection[str],
        their_numbers: Collection[str],
    ) -> list[Own]:  # fmt: skip
        supplier = supplier_of(party)
        return entries(
            supplier.pk, supplier.code, start=start, end=end, numbers=numbers,
            their_numbers=their_numbers,
        )  # fmt: skip

    def conclude(self, comparison: Comparison, *, now: datetime) -> None:
        """Nothing follows: what was charged is in the books since it was heard."""

    def corrections(self, difference: Difference) -> Sequence[Correction]:
        delta = difference.delta_minor
        if not delta or difference.kind in (BreakKind.NUMBER, BreakKind.CURRENCY):
            return ()
        supplier = supplier_of(difference.comparison.party)
        account = postings.account_with(supplier)
        # The ledger's own difference is what it has too much, not what they have more.
        moved = -delta if difference.kind == BreakKind.LEDGER else delta
        other, title = _other_leg(difference, moved)
        subject = difference.subject or difference.public_id
        return (
            Correction(
                other, title,
                (
                    Leg(account, moved, subject, difference.currency),
                    Leg(other, -moved, subject, difference.currency),
                ),
            ),
        )  # fmt: skip

    def next_step(self, difference: Difference) -> str | Promise:
        return STEPS.get(difference.kind, OTHERWISE)


def _other_leg(difference: Difference, moved: int) -> tuple[str, Promise]:
    if difference.what == "topup":
        return "bank", _("Book the top-up as they have it")
    if moved < 0:
        return postings.LOSS, _("Book it as a loss with this supplier")
    return postings.LOSS, _("Book what they gave back")


RUN = SupplierRun()
