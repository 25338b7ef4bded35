"""What one delivered unit of a line moves in the ledger: its revenue, and its subsidy if it has one."""

from typing import Protocol

from core.money import split_minor
from orders import postings
from orders.postings import Entry


class Sold(Protocol):
    """A line as it was sold; money in minor units of `currency`, for all units together."""

    @property
    def quantity(self) -> int: ...
    @property
    def paid_minor(self) -> int: ...
    @property
    def subsidy_minor(self) -> int: ...
    @property
    def currency(self) -> str: ...


def unit_share(total_minor: int, quantity: int, unit: int) -> int:
    """What of a line's total is the n-th unit's (from 1), so that the units sum to the line."""
    return split_minor(total_minor, [1] * quantity)[unit - 1]


def delivered_entries(line: Sold, *, unit: int, delivery: str, order: str) -> list[Entry]:
    """The journals of a unit that was delivered: earned what was paid, and what a promotion gave.

    A unit sold under its floor earns the difference out of the promotion's subsidy, so that what
    campaigns cost stands in the books by itself (design.md, "Floor").
    """
    named = {"delivery": delivery, "order": order, "currency": line.currency}
    entries = [
        postings.unit_delivered(
            amount_minor=unit_share(line.paid_minor, line.quantity, unit), **named
        )
    ]
    if subsidy := unit_share(line.subsidy_minor, line.quantity, unit):
        entries.append(postings.unit_subsidized(amount_minor=subsidy, **named))
    return entries


def taken_back_entries(line: Sold, *, unit: int, delivery: str, order: str) -> list[Entry]:
    """The end of a unit's subsidy, when it is taken back from the buyer."""
    subsidy = unit_share(line.subsidy_minor, line.quantity, unit)
    if not subsidy:
        return []
    return [
        postings.subsidy_ended(
            delivery=delivery, order=order, currency=line.currency, amount_minor=subsidy
        )
    ]
