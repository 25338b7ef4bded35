"""What balances hang into the sockets of the floors below, and their invariants."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import approvals, audit, invariants
from core.ledger import CHART, ChartRow
from orders import postings
from orders.invariants.balance import STATEMENTS
from orders.models.balance import HEAD
from orders.prizes import PRIZES, PrizeKind
from orders.services.balance import balance_book as book
from orders.services.balance import correct_balance, give_balance
from orders.services.points.give_points import give_points, points_problem

for _id, _title, _sql in STATEMENTS:
    invariants.register(_id, _title, _sql)


def _balance_address(_result: str) -> str:
    return reverse("orders:balance")


def _points_address(_result: str) -> str:
    return reverse("orders:points")


def register() -> None:
    """Called once, when every floor below is loaded."""
    CHART.register(HEAD, ChartRow("liability", _("Balances of people"), floor=0))
    CHART.register(
        postings.BALANCE_HELD, ChartRow("liability", _("Balance held for unpaid orders"))
    )
    CHART.register(book.GIVEN, ChartRow("expense", _("Balance given away")))
    CHART.register(book.CORRECTED, ChartRow("expense", _("Corrections of balances")))
    CHART.register(book.SOLD, ChartRow("liability", _("Gift cards sold, not redeemed yet")))
    CHART.register(book.RECEIVABLE, ChartRow("asset", _("To be received for gift cards")))
    PRIZES.register(
        book.KIND,
        PrizeKind(
            book.KIND, _("Balance"), give_balance.balance_problem, give_balance.give_balance,
            needs_account=True, address=_balance_address, codes_only=True, money=True,
        ),
    )  # fmt: skip
    PRIZES.register(
        "points",
        PrizeKind(
            "points", _("Points"), points_problem, give_points, needs_account=True,
            address=_points_address,
        ),
    )  # fmt: skip
    acts.register(
        correct_balance.CORRECT,
        _("Put a balance right (two persons)"),
        roles=("operator", "finance"),
    )
    approvals.executor(
        correct_balance.CORRECT, act=correct_balance.CORRECT, title=_("Put a balance right")
    )(correct_balance.carry_out_balance_correction)
    audit.declare(give_balance.CREDITED, "A gift card was redeemed and its balance credited")
    audit.declare(correct_balance.TAG, "A balance was put right by two persons")
