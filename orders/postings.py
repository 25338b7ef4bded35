"""Every movement of money this floor causes, one named function each (reliability.md 4.3).

Amounts are minor units; lines say debit positive, credit negative, and carry the order as subject.
Each journal is keyed by the event it stands for, so it is posted once, however often it is tried.
"""

from dataclasses import dataclass
from datetime import datetime

from core import ledger
from core.ledger import Line
from core.tx import part

OBLIGATION = "order_obligation"
UNALLOCATED = "unallocated_receipts"
REVENUE = "revenue"
SUBSIDY = "promotion_subsidy"
REFUND_PAYABLE = "refund_payable"
CLEARING = "psp_clearing"
FEE = "psp_fee"
BALANCE_HELD = "balance_held"


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal to be: key, kind and its two accounts; `amount_minor` moves from `out` to `to`.

    `to` is debited and `out` credited.
    """

    key: str
    kind: str
    to: str
    out: str
    amount_minor: int
    currency: str
    order: str

    def lines(self) -> tuple[Line, Line]:
        return (
            Line(self.to, self.amount_minor, self.order, self.currency),
            Line(self.out, -self.amount_minor, self.order, self.currency),
        )


def received(*, payment: str, provider: str, order: str, amount_minor: int, currency: str) -> Entry:
    """Money came for an open order: we owe the goods."""
    return Entry(
        f"payment.succeeded:{payment}", "payment.succeeded",
        f"{CLEARING}:{provider}", OBLIGATION, amount_minor, currency, order,
    )  # fmt: skip


def received_unallocated(
    *, payment: str, provider: str, order: str, amount_minor: int, currency: str
) -> Entry:
    """Money came that pays for nothing yet: the order was closed, or is paid already."""
    return Entry(
        f"payment.succeeded:{payment}", "payment.unallocated",
        f"{CLEARING}:{provider}", UNALLOCATED, amount_minor, currency, order,
    )  # fmt: skip


def allocated(*, payment: str, order: str, amount_minor: int, currency: str) -> Entry:
    """Late money is used for its order after all."""
    return Entry(
        f"payment.allocated:{payment}", "payment.allocated",
        UNALLOCATED, OBLIGATION, amount_minor, currency, order,
    )  # fmt: skip


def unit_delivered(*, delivery: str, order: str, amount_minor: int, currency: str) -> Entry:
    """One unit was delivered."""
    return Entry(
        f"unit.delivered:{delivery}", "unit.delivered",
        OBLIGATION, REVENUE, amount_minor, currency, order,
    )  # fmt: skip


def unit_subsidized(*, delivery: str, order: str, amount_minor: int, currency: str) -> Entry:
    """A delivered unit was sold under its floor: the promotion pays the difference."""
    return Entry(
        f"unit.subsidized:{delivery}", "unit.subsidized",
        SUBSIDY, REVENUE, amount_minor, currency, order,
    )  # fmt: skip


def subsidy_ended(*, delivery: str, order: str, amount_minor: int, currency: str) -> Entry:
    """A subsidized unit was taken back: the promotion did not cost that."""
    return Entry(
        f"unit.subsidy_ended:{delivery}", "unit.subsidy_ended",
        REVENUE, SUBSIDY, amount_minor, currency, order,
    )  # fmt: skip


def unit_reversed(*, delivery: str, order: str, amount_minor: int, currency: str) -> Entry:
    """A supplier took a delivered unit back: we owe it again."""
    return Entry(
        f"unit.reversed:{delivery}", "unit.reversed",
        REVENUE, OBLIGATION, amount_minor, currency, order,
    )  # fmt: skip


def refund_requested(
    *, refund: str, order: str, source: str, amount_minor: int, currency: str
) -> Entry:
    """We owe money instead of goods. `source` is the account the money stood on."""
    return Entry(
        f"refund.requested:{refund}", "refund.requested",
        source, REFUND_PAYABLE, amount_minor, currency, order,
    )  # fmt: skip


def refund_rejected(
    *, refund: str, order: str, source: str, amount_minor: int, currency: str
) -> Entry:
    """A refund will not happen: the money stands where it stood."""
    return Entry(
        f"refund.rejected:{refund}", "refund.rejected",
        REFUND_PAYABLE, source, amount_minor, currency, order,
    )  # fmt: skip


def refund_succeeded(
    *, refund: str, order: str, provider: str, amount_minor: int, currency: str
) -> Entry:
    """The money left through the provider it came from."""
    return Entry(
        f"refund.succeeded:{refund}", "refund.succeeded",
        REFUND_PAYABLE, f"{CLEARING}:{provider}", amount_minor, currency, order,
    )  # fmt: skip


def set_aside(
    *, notice: str, provider: str, subject: str, amount_minor: int, currency: str
) -> Entry:
    """Money came that fits nothing: it is at the provider, and it is not ours."""
    return Entry(
        f"aside:{notice}", "payment.aside",
        f"{CLEARING}:{provider}", UNALLOCATED, amount_minor, currency, subject,
    )  # fmt: skip


def aside_ended(
    *, notice: str, provider: str, subject: str, amount_minor: int, currency: str
) -> Entry:
    """It was sent back in the provider's console, or turned out to be another booking's money."""
    return Entry(
        f"aside.ended:{notice}", "payment.aside_ended",
        UNALLOCATED, f"{CLEARING}:{provider}", amount_minor, currency, subject,
    )  # fmt: skip


def account_charged(
    *, payment: str, account: str, order: str, amount_minor: int, currency: str
) -> Entry:
    """An order is paid on account: who owes it now owes us its price. `account` has a floor."""
    return Entry(
        f"account.charged:{payment}", "account.charged",
        account, f"{CLEARING}:account", amount_minor, currency, order,
    )  # fmt: skip


def account_credited(
    *, refund: str, account: str, order: str, amount_minor: int, currency: str
) -> Entry:
    """A refund of an order that was paid on account: so much less is owed."""
    return Entry(
        f"account.credited:{refund}", "account.credited",
        f"{CLEARING}:account", account, amount_minor, currency, order,
    )  # fmt: skip


def balance_spent(
    *, payment: str, turn: int, order: str, amount_minor: int, currency: str
) -> Entry:
    """An order is paid, in part or wholly, with what was held of its buyer's balance."""
    return Entry(
        f"balance.spent:{payment}:{turn}", "balance.spent",
        BALANCE_HELD, OBLIGATION, amount_minor, currency, order,
    )  # fmt: skip


@part
def post(entry: Entry, *, now: datetime, note: str = "") -> bool:
    """Post the entry; False when it was posted before or moves nothing."""
    return ledger.post(key=entry.key, kind=entry.kind, lines=entry.lines(), now=now, note=note)
