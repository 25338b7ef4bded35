"""Movements of money of this floor. What orders cause is posted by the functions of orders.

Amounts are minor units; debit is positive.
"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core import ledger
from core.ledger import ChartRow, Line
from core.tx import part

#: What a channel has with us; below zero it owes us. Its floor is its credit limit.
ACCOUNT = "channel_account"
CHART: dict[str, ChartRow] = {ACCOUNT: ChartRow("liability", _("Accounts of outside channels"), 0)}


def account_of(code: str) -> str:
    """The ledger account of an outside channel."""
    return f"{ACCOUNT}:{code}"


@part
def channel_paid(
    *, code: str, number: str, amount_minor: int, currency: str, now: datetime
) -> bool:
    """A channel paid on its bill; False when this number was booked before."""
    return ledger.post(
        key=f"channel.paid:{code}:{number}", kind="channel.paid", now=now,
        lines=(
            Line("bank", amount_minor, number, currency),
            Line(account_of(code), -amount_minor, number, currency),
        ),
    )  # fmt: skip
