"""A person's balance: what there is, and what each change of it was for."""

from core import ledger
from core.models.ledger import Posting
from orders.models.balance import HEAD
from orders.queries.points import Movement


def account(owner: str) -> str:
    """The account of a person, by public id."""
    return f"{HEAD}:{owner}"


def balance_of(owner: str, currency: str = "CNY") -> int:
    """Minor units on a person's balance by the ledger; never negative, 0 for a guest."""
    return -ledger.balance(account(owner), currency) if owner else 0


class BalanceMovements:
    """Everything that moved a person's balance, newest first, as a paginator wants it.

    The numbers of each movement are minor units, signed; its kind is the journal's.
    """

    def __init__(self, owner: str, currency: str = "CNY") -> None:
        rows = Posting.objects.filter(account_id=account(owner), currency=currency)
        self._rows = rows.order_by("-id")

    def __len__(self) -> int:
        return self._rows.count()

    def __getitem__(self, cut: slice) -> list[Movement]:
        columns = ("journal__at", "journal__kind", "amount", "subject", "journal__note")
        page = self._rows.values_list(*columns)[cut]
        return [
            Movement(at, kind, -amount, subject, note) for at, kind, amount, subject, note in page
        ]
