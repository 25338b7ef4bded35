"""The ordinary price: lists of a channel's chain, quantity steps, dates. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import inf

from catalog.pricing.values import DatedPrice, Priced, Reason


def list_price(
    rows: Iterable[DatedPrice], *, at: datetime, quantity: int = 1, currency: str = "CNY"
) -> Priced | None:
    """Price of one unit out of `quantity` at the moment `at`; None when nothing is in force.

    The nearest list of the chain that has a price in force wins, so a channel overrides its base
    list SKU by SKU. Within a list the highest quantity step that is reached wins, and of two
    rows for one step the one that started last (a dated price beats the standing one).
    Amounts are minor units of `currency`; rows in another currency are left out, never converted.

    Raises ValueError when the quantity is below one.
    """
    if quantity < 1:
        raise ValueError("quantity must be at least 1")
    known = [row for row in rows if row.currency == currency]
    in_force = [row for row in known if row.covers(at)]
    single = _pick(in_force, 1)
    if single is None:
        return None
    chosen = _pick([row for row in in_force if row.rank == single.rank], quantity) or single
    return Priced(
        list_minor=single.amount_minor,
        unit_minor=chosen.amount_minor,
        currency=currency,
        reasons=_explain(single, chosen),
        until=next_change(known, at=at),
    )


def next_change(rows: Iterable[DatedPrice], *, at: datetime) -> datetime | None:
    """The first moment after `at` at which a row comes into force or leaves it."""
    edges = [
        edge
        for row in rows
        for edge in (row.starts_at, row.ends_at)
        if edge is not None and edge > at
    ]
    return min(edges, default=None)


def best_of(
    rows: Iterable[DatedPrice], *, at: datetime, quantity: int, currency: str
) -> DatedPrice | None:
    """The row of one list that is in force for that many units, by the same rules as `price`."""
    return _pick([row for row in rows if row.currency == currency and row.covers(at)], quantity)


def _pick(rows: Sequence[DatedPrice], quantity: int) -> DatedPrice | None:
    reached = [row for row in rows if row.min_quantity <= quantity]
    if not reached:
        return None
    rank = min(row.rank for row in reached)
    step = max(row.min_quantity for row in reached if row.rank == rank)
    return max(
        (row for row in reached if row.rank == rank and row.min_quantity == step),
        # The lower amount settles a tie and then the nearer end, so that the order of rows never
        # decides a price nor what is said of it.
        key=lambda row: (
            row.starts_at is not None, _seconds(row.starts_at, 0.0), -row.amount_minor,
            -_seconds(row.ends_at, inf), row.list_code,
        ),
    )  # fmt: skip


def _seconds(moment: datetime | None, otherwise: float) -> float:
    return moment.timestamp() if moment else otherwise


def _explain(single: DatedPrice, chosen: DatedPrice) -> tuple[Reason, ...]:
    reasons = [Reason("list_price", (("list", single.list_code),), single.amount_minor)]
    if single.starts_at is not None or single.ends_at is not None:
        end = single.ends_at.isoformat() if single.ends_at else ""
        reasons.append(Reason("dated_price", (("until", end),), 0))
    if chosen.min_quantity > 1:
        saved = chosen.amount_minor - single.amount_minor
        reasons.append(Reason("quantity_price", (("from", chosen.min_quantity),), saved))
    return tuple(reasons)
