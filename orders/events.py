"""Facts this floor publishes to the floors above, through the outbox. Primitives only."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OrderPaid:
    """The money of an order is here. `late` when it came after the order had been closed."""

    order: str
    payment: str
    channel: str
    owner: str
    total_minor: int
    currency: str
    late: bool


@dataclass(frozen=True)
class OrderCompleted:
    """Every unit of the order has been delivered, taken back or given up."""

    order: str
    channel: str
    owner: str
    state: str


@dataclass(frozen=True)
class OrderClosed:
    order: str
    channel: str
    why: str


@dataclass(frozen=True)
class LineRefunded:
    """Money for `units` of a line went back to the buyer."""

    order: str
    line: str
    refund: str
    units: int
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class OrderRefunded:
    order: str
    refund: str
    amount_minor: int
    currency: str
    full: bool


@dataclass(frozen=True)
class GroupJoined:
    """Somebody has paid for a seat in a group that is not full yet; the goods wait for the others."""

    order: str
    group: str
