"""How far the bundles around some lines have come: their parts, what is there, what went back."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from core.hot import hot_cursor


@dataclass(frozen=True, slots=True)
class PartState:
    """A part of a sold bundle. `back_minor` of what was paid goes back, or (`back_done`) has."""

    line: str
    title: str
    title_en: str
    sku_title: str
    sku_title_en: str
    units: int
    delivered: int
    paid_minor: int
    back_minor: int
    back_done: bool


@dataclass(frozen=True, slots=True)
class BundleState:
    """A sold bundle with all of its parts; money in minor units of `currency`."""

    id: str
    order: str
    quantity: int
    title: str
    title_en: str
    sku_title: str
    sku_title_en: str
    face: dict[str, Any] = field(repr=False)
    list_minor: int
    unit_minor: int
    paid_minor: int
    currency: str
    adjustments: list[dict[str, Any]] = field(repr=False)
    parts: tuple[PartState, ...]

    @property
    def units(self) -> int:
        return sum(part.units for part in self.parts)

    @property
    def delivered(self) -> int:
        return sum(part.delivered for part in self.parts)

    @property
    def back_minor(self) -> int:
        """What goes back or is back, of all parts together."""
        return sum(part.back_minor for part in self.parts)

    @property
    def lines(self) -> frozenset[str]:
        return frozenset(part.line for part in self.parts)


STATEMENT = """
select b.public_id, o.public_id, b.quantity, b.product_title, b.product_title_en, b.sku_title,
    b.sku_title_en, b.face::text, b.list_minor, b.unit_minor, b.paid_minor, b.currency, b.adjustments::text,
    (select jsonb_agg(jsonb_build_array(l.public_id, l.product_title, l.product_title_en, l.sku_title,
        l.sku_title_en, l.quantity, l.delivered, l.paid_minor, coalesce(r.back, 0), coalesce(r.done, false))
        order by l.position)
     from orders_orderline l left join lateral (
         select sum(x.amount_minor) as back, bool_and(f.state = 'succeeded') as done
         from orders_refundline x join orders_refund f on f.id = x.refund_id
         where x.line_id = l.id and f.state <> 'rejected') r on true
     where l.bundle_id = b.public_id)::text
from orders_orderbundle b join orders_order o on o.id = b.order_id
where b.public_id in (select bundle_id from orders_orderline
    where public_id = any(%(lines)s::text[]) and bundle_id is not null)
order by b.order_id, b.position
"""
# Places in a row that hold JSON, before the parts.
FACE, ADJUSTMENTS = 7, 12


def bundles_around(lines: Collection[str]) -> list[BundleState]:
    """The bundles that these lines are parts of, by their public ids, in one statement."""
    if not lines:
        return []
    with hot_cursor() as cursor:
        cursor.execute(STATEMENT, {"lines": list(lines)})
        return [_state(row) for row in cursor.fetchall()]


def _state(row: tuple[Any, ...]) -> BundleState:
    values = list(row)
    values[FACE], values[ADJUSTMENTS] = json.loads(row[FACE]), json.loads(row[ADJUSTMENTS])
    values[-1] = tuple(PartState(*part) for part in json.loads(row[-1] or "[]"))
    return BundleState(*values)
