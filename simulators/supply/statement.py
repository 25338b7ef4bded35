"""The daily statement: every movement of the prepaid balance."""

from simulators import breaks, clock
from simulators.clock import day_bounds
from simulators.supply import money
from simulators.supply.supplier import Supplier

SHAPE = breaks.Shape(
    header=("type", "id", "external_id", "product", "quantity", "amount", "currency",
            "balance_after", "at"),
    key=("type", "id", "external_id"),
    amount="amount",
    types=("ORDER", "REFUND"),
    theirs="id",
)  # fmt: skip
_SQL = """
SELECT m.type, m.amount_minor, m.balance_after, m.at, o.id, o.external_id, o.product, o.quantity
  FROM movement m LEFT JOIN placed o ON o.id = m.order_id
 WHERE m.at >= ? AND m.at < ? ORDER BY m.id
"""


def lines_of(sup: Supplier, day: str, *, shift: int = 0) -> list[breaks.Line]:
    """True lines of a day in Shanghai, `shift` days later. Raises ValueError for no such day."""
    start, end = (bound + shift * 86400 for bound in day_bounds(day))
    return [
        {
            "type": row["type"],
            "id": f"SC{row['id']:010d}" if row["id"] else "",
            "external_id": row["external_id"] or "",
            "product": row["product"] or "",
            "quantity": str(row["quantity"] or ""),
            "amount": money.show(row["amount_minor"]),
            "currency": "CNY",
            "balance_after": money.show(row["balance_after"]),
            "at": clock.text(row["at"]),
        }
        for row in sup.store.rows(_SQL, start, end)
    ]


def broken_lines(sup: Supplier, day: str) -> list[breaks.Line]:
    """The lines as the supplier tells them: with the differences that a script planted."""
    lines, before = lines_of(sup, day), lines_of(sup, day, shift=-1)
    return breaks.apply(sup.store, SHAPE, lines, before, day)
