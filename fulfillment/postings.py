"""Every movement of money this floor causes, one named function each (reliability.md 4.3).

Amounts are minor units of the named currency; lines say debit positive, credit negative, and carry
the reference (an order's public id) as subject. Each journal is keyed by the event it stands for.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core import ledger
from core.ledger import ChartRow, FloorBreached, Line
from core.models import AccountBalance, Posting
from core.tx import part
from fulfillment.models import Supplier
from fulfillment.models.supplier import SupplierTerms

COGS = "cogs"
INVENTORY = "code_inventory"
PREPAID = "supplier_prepaid"
SUSPENSE = "supplier_suspense"
LOSS = "loss_supplier"
MERCHANT = "merchant_payable"
PAYABLE = "supplier_payable"
CONSIGNED = "consigned_goods"
PAYOUTS = "payouts_under_way"
#: Under this floor no account of a supplier falls; it is there so that the balance is kept live.
LIVE = -(10**15)

#: Heads of this floor's accounts; after the colon stands a supplier's code, or a merchant's.
CHART: dict[str, ChartRow] = {
    COGS: ChartRow("expense", _("Cost of goods sold")),
    INVENTORY: ChartRow("asset", _("Codes in stock")),
    PREPAID: ChartRow("asset", _("Prepaid at suppliers"), floor=0),
    SUSPENSE: ChartRow("asset", _("Purchases under way")),
    LOSS: ChartRow("expense", _("Losses with suppliers")),
    MERCHANT: ChartRow("liability", _("Owed to merchants for redemptions")),
    # May turn round: a reversal after payment makes the supplier owe us.
    PAYABLE: ChartRow("liability", _("Owed to suppliers"), floor=LIVE),
    CONSIGNED: ChartRow("liability", _("Goods in stock that are suppliers' until sold")),
    PAYOUTS: ChartRow("liability", _("Payouts agreed on and not yet confirmed by the bank")),
}


STOCK_SOURCES = {"prepaid": PREPAID, "credit": PAYABLE, "consign": CONSIGNED}


@dataclass(frozen=True, slots=True)
class Terms:
    """A supplier's terms at this moment; `limit_minor` counts for credit only."""

    kind: str
    limit_minor: int

    @property
    def head(self) -> str:
        """The account that a purchase is taken from."""
        return PREPAID if self.kind == SupplierTerms.PREPAID else PAYABLE


def terms_of(supplier: str) -> Terms:
    """The terms of the supplier with this code; paid in advance when there is none."""
    row = Supplier.objects.filter(code=supplier).values_list("terms", "credit_limit_minor").first()
    return Terms(*row) if row else Terms(SupplierTerms.PREPAID, 0)


def account_with(supplier: Supplier) -> str:
    """Our account with a supplier under its present terms."""
    return f"{Terms(supplier.terms, 0).head}:{supplier.code}"


def source_of(attempt: str) -> str:
    """What the attempt's money was taken from, whatever the terms are now; empty for nothing."""
    legs = Posting.objects.filter(journal__key=f"attempt.sent:{attempt}", amount__lt=0)
    return legs.values_list("account_id", flat=True).first() or ""


def _within_limit(supplier: str, currency: str, limit_minor: int) -> None:
    """The balance row is locked by the posting before. Raises core.ledger.FloorBreached."""
    account = f"{PAYABLE}:{supplier}"
    row = AccountBalance.objects.get(account_id=account, currency=currency)
    if -row.balance > limit_minor:
        raise FloorBreached(account)


@part
def supplier_funded(
    *, supplier: str, payment_no: str, amount_minor: int, currency: str, now: datetime
) -> bool:
    """We paid the supplier in advance; ``payment_no`` is the bank's, once only."""
    return ledger.post(
        key=f"supplier.funded:{supplier}:{payment_no}",
        kind="supplier.funded",
        lines=(
            Line(f"{PREPAID}:{supplier}", amount_minor, "", currency),
            Line("bank", -amount_minor, "", currency),
        ),
        now=now,
    )


@part
def purchase_sent(
    *, attempt: str, supplier: str, reference: str, amount_minor: int, currency: str, now: datetime
) -> bool:
    """An attempt is about to leave: the most it may cost is set aside under the supplier's terms.

    Goods that are paid when sold set nothing aside. Raises core.ledger.FloorBreached when the
    prepaid money, or the credit that is left, does not cover it.
    """
    terms = terms_of(supplier)
    if terms.kind == SupplierTerms.CONSIGNMENT:
        return False
    posted = ledger.post(
        key=f"attempt.sent:{attempt}",
        kind="attempt.sent",
        lines=(
            Line(f"{SUSPENSE}:{supplier}", amount_minor, reference, currency),
            Line(f"{terms.head}:{supplier}", -amount_minor, reference, currency),
        ),
        now=now,
    )
    if terms.kind == SupplierTerms.CREDIT:
        _within_limit(supplier, currency, terms.limit_minor)
    return posted


@part
def purchase_succeeded(
    *,
    attempt: str,
    supplier: str,
    reference: str,
    reserved_minor: int,
    cost_minor: int,
    currency: str,
    now: datetime,
) -> bool:
    """The unit was bought for ``cost_minor``; what was set aside beyond it returns.

    A charge above the limit leaves the excess as a credit on suspense: money the supplier took
    without our consent, which a case settles. It never stops the delivery.
    """
    source = source_of(attempt)
    if not source:
        # Paid when sold, and now it is.
        return ledger.post(
            key=f"attempt.succeeded:{attempt}",
            kind="attempt.succeeded",
            lines=(
                Line(COGS, cost_minor, reference, currency),
                Line(f"{PAYABLE}:{supplier}", -cost_minor, reference, currency),
            ),
            now=now,
        )
    unused = max(reserved_minor - cost_minor, 0)
    return ledger.post(
        key=f"attempt.succeeded:{attempt}",
        kind="attempt.succeeded",
        lines=(
            Line(COGS, cost_minor, reference, currency),
            Line(source, unused, reference, currency),
            Line(f"{SUSPENSE}:{supplier}", -(cost_minor + unused), reference, currency),
        ),
        now=now,
    )


@part
def purchase_refused(
    *,
    attempt: str,
    supplier: str,
    reference: str,
    reserved_minor: int,
    currency: str,
    now: datetime,
) -> bool:
    """Nothing was bought, definitely: what was set aside returns."""
    source = source_of(attempt)
    if not source:
        return False
    return ledger.post(
        key=f"attempt.refused:{attempt}",
        kind="attempt.refused",
        lines=(
            Line(source, reserved_minor, reference, currency),
            Line(f"{SUSPENSE}:{supplier}", -reserved_minor, reference, currency),
        ),
        now=now,
    )


@part
def purchase_reversed(
    *, attempt: str, supplier: str, reference: str, cost_minor: int, currency: str, now: datetime
) -> bool:
    """The supplier withdrew a success and gave the charge back."""
    return ledger.post(
        key=f"attempt.reversed:{attempt}",
        kind="attempt.reversed",
        lines=(
            Line(source_of(attempt) or f"{PAYABLE}:{supplier}", cost_minor, reference, currency),
            Line(COGS, -cost_minor, reference, currency),
        ),
        now=now,
    )


@part
def purchase_contradicted(
    *, attempt: str, supplier: str, reference: str, cost_minor: int, currency: str, now: datetime
) -> bool:
    """A purchase that counted as failed turns out to be charged: our loss, and somebody's case."""
    return ledger.post(
        key=f"attempt.contradicted:{attempt}",
        kind="attempt.contradicted",
        lines=(
            Line(LOSS, cost_minor, reference, currency),
            Line(f"{SUSPENSE}:{supplier}", -cost_minor, reference, currency),
        ),
        now=now,
    )


@part
def charge_settled(
    *, attempt: str, supplier: str, reference: str, amount_minor: int, currency: str, now: datetime
) -> bool:
    """Two persons took note of a charge without our consent: the supplier holds that much less.

    The loss or cost was booked when it was heard of. Raises core.ledger.FloorBreached.
    """
    return ledger.post(
        key=f"attempt.settled:{attempt}",
        kind="attempt.settled",
        lines=(
            Line(f"{SUSPENSE}:{supplier}", amount_minor, reference, currency),
            Line(source_of(attempt) or f"{PAYABLE}:{supplier}", -amount_minor, reference, currency),
        ),
        now=now,
    )


@part
def stock_bought(
    *, key: str, amount_minor: int, currency: str, supplier: str, batch: str, now: datetime,
    paid_from: str = "prepaid",
) -> bool:  # fmt: skip
    """Codes of a batch came into stock, paid by the bank or through ``supplier``'s account.

    ``paid_from`` is a value of CodeBatch.PaidFrom: on account they are owed at once; goods that are
    paid when sold stand against what their supplier still owns (`settle_consigned`). Raises
    core.ledger.FloorBreached when prepaid money does not cover them.
    """
    source = f"{STOCK_SOURCES.get(paid_from, PREPAID)}:{supplier}" if supplier else "bank"
    return ledger.post(
        key=key,
        kind="stock.bought",
        lines=(
            Line(INVENTORY, amount_minor, batch, currency),
            Line(source, -amount_minor, batch, currency),
        ),
        now=now,
    )


@part
def stock_lost(*, key: str, amount_minor: int, currency: str, batch: str, now: datetime) -> bool:
    """Codes left the stock unsold: expired or void."""
    return ledger.post(
        key=key,
        kind="stock.lost",
        lines=(
            Line("writeoff", amount_minor, batch, currency),
            Line(INVENTORY, -amount_minor, batch, currency),
        ),
        now=now,
    )


def cost_key(delivery: str, number: int = 1) -> str:
    """The journal of a delivered unit's cost; the second code of a unit costs again."""
    return f"cost:{delivery}" if number == 1 else f"cost:{delivery}:{number}"


@part
def pool_cost(
    *,
    delivery: str,
    reference: str,
    cost_minor: int,
    currency: str,
    now: datetime,
    number: int = 1,
) -> bool:
    """A unit of our own stock was delivered, at the cost of its batch.

    The wide statement of ``open_deliveries`` writes the same journal; a parity test holds them
    together.
    """
    return ledger.post(
        key=cost_key(delivery, number),
        kind="cost",
        lines=(
            Line(COGS, cost_minor, reference, currency),
            Line(INVENTORY, -cost_minor, reference, currency),
        ),
        now=now,
    )


@part
def voucher_used(
    *, redemption: str, merchant: str, reference: str, share_minor: int, currency: str,
    now: datetime,
) -> bool:  # fmt: skip
    """A voucher was used at ``merchant`` (its code), who is owed ``share_minor`` for it.

    The wide statement of ``redeem`` writes the same journal; a parity test holds them together.
    """
    return ledger.post(
        key=f"redemption:{redemption}",
        kind="redemption",
        lines=(
            Line(COGS, share_minor, reference, currency),
            Line(f"{MERCHANT}:{merchant}", -share_minor, reference, currency),
        ),
        now=now,
    )


@part
def voucher_use_undone(
    *, undo: str, merchant: str, reference: str, share_minor: int, currency: str, now: datetime
) -> bool:
    """A use was undone (``undo`` is the undoing row): what its merchant was owed, no longer."""
    return ledger.post(
        key=f"redemption:{undo}",
        kind="redemption.undone",
        lines=(
            Line(f"{MERCHANT}:{merchant}", share_minor, reference, currency),
            Line(COGS, -share_minor, reference, currency),
        ),
        now=now,
    )
