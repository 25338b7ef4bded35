"""What to buy, where, how much and why, from a forecast, the stock and the ways to buy.

Reorder point and order-up-to level, reviewed every day: buying begins when what is there or under way
may not last the lead time, and fills up to what the lead time and the review period will sell at the
service level. What would expire unsold is not bought.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from fulfillment.purchasing.outlook import Outlook
from fulfillment.purchasing.series import DAY

#: Codes are not sold to the last hour of their validity.
LAST_DAYS_UNSOLD = 1


@dataclass(frozen=True, slots=True)
class Source:
    """One way to buy a SKU. Cost of one unit in minor units; 0 ``shelf_days``: it does not expire."""

    key: int
    supplier: str
    cost_minor: int
    currency: str = "CNY"
    lead_days: int = 1
    review_days: int = 7
    service_level: int = 95
    min_units: int = 1
    pack_units: int = 1
    shelf_days: int = 0


@dataclass(frozen=True, slots=True)
class Shelf:
    """Free units by last day of validity (None: for ever), and units ordered and not yet here."""

    lots: tuple[tuple[date | None, int], ...] = ()
    on_order: int = 0

    @property
    def free(self) -> int:
        return sum(units for _, units in self.lots)


@dataclass(frozen=True, slots=True)
class Proposal:
    """``units`` 0 when nothing is to be bought now; ``reasons`` are keys with their figures.

    ``cash_minor`` is units × cost in the source's currency. ``runs_out`` is the expected day without
    a unit, ``may_run_out`` the day of which nine in ten courses stay clear; None beyond the horizon.
    """

    source: Source | None
    units: int
    cash_minor: int
    usable: int
    lost: int
    on_order: int
    runs_out: date | None
    may_run_out: date | None
    buy_by: date | None
    reasons: tuple[tuple[str, dict[str, object]], ...] = field(default=())


def propose(outlook: Outlook, shelf: Shelf, sources: Sequence[Source]) -> Proposal:
    """What to do about one SKU today."""
    usable, lost = usable_units(outlook, shelf.lots)
    position = usable + shelf.on_order
    ends, may_end = outlook.lasts(position), outlook.lasts(position, level=90)
    reasons: list[tuple[str, dict[str, object]]] = []
    if lost:
        reasons.append(("expires_unsold", {"units": lost}))
    source = _pick(outlook, sources, may_end)
    units, why = _quantity(outlook, shelf, usable, source) if source else (0, [("no_source", {})])
    return Proposal(
        source, units, units * source.cost_minor if source else 0, usable, lost, shelf.on_order,
        None if ends is None else outlook.day(ends),
        None if may_end is None else outlook.day(may_end),
        _buy_by(outlook, may_end, source), (*reasons, *why),
    )  # fmt: skip


def usable_units(outlook: Outlook, lots: Sequence[tuple[date | None, int]]) -> tuple[int, int]:
    """Of the free units, those that will be sold before they expire, and those that will not.

    The earliest to expire is sold first, as the pool does it.
    """
    sold = 0.0
    lost = 0
    endless = 0
    for day, units in sorted(lots, key=lambda lot: lot[0] or date.max):
        if day is None:
            endless += units
            continue
        days = max(0, (day - outlook.first).days + 1 - LAST_DAYS_UNSOLD)
        sells = min(float(units), max(0.0, outlook.expected(days) - sold))
        sold += sells
        lost += units - round(sells)
    return round(sold) + endless, lost


def _pick(outlook: Outlook, sources: Sequence[Source], may_end: int | None) -> Source | None:
    """The cheapest of those that arrive before the stock may be gone; else the quickest."""
    if not sources:
        return None
    in_time = [each for each in sources if may_end is None or each.lead_days <= may_end]
    if in_time:
        return min(in_time, key=lambda each: (each.cost_minor, each.lead_days, each.key))
    return min(sources, key=lambda each: (each.lead_days, each.cost_minor, each.key))


def _quantity(
    outlook: Outlook, shelf: Shelf, usable: int, source: Source
) -> tuple[int, list[tuple[str, dict[str, object]]]]:
    position = usable + shelf.on_order
    reorder_at = outlook.at_level(source.lead_days + 1, source.service_level)
    span = source.lead_days + source.review_days
    target = outlook.at_level(span, source.service_level)
    facts: dict[str, object] = {
        "expected": round(outlook.expected(span)), "target": target, "days": span,
        "level": source.service_level, "position": position, "on_order": shelf.on_order,
        "reorder_at": reorder_at,
    }  # fmt: skip
    if position > reorder_at or target <= position:
        return 0, [("enough", facts)]
    units = _packed(max(target - position, source.min_units), source)
    reasons: list[tuple[str, dict[str, object]]] = [("fill_up", facts)]
    if units > target - position:
        reasons.append(
            ("rounded", {"units": units, "pack": source.pack_units, "min": source.min_units})
        )
    return _before_expiry(outlook, position, units, source, reasons)


def _before_expiry(
    outlook: Outlook, position: int, units: int, source: Source,
    reasons: list[tuple[str, dict[str, object]]],
) -> tuple[int, list[tuple[str, dict[str, object]]]]:  # fmt: skip
    if not source.shelf_days:
        return units, reasons
    days = source.lead_days + source.shelf_days - LAST_DAYS_UNSOLD
    room = int(max(0.0, outlook.expected(days) - position))
    if units <= room:
        return units, reasons
    least = _packed(source.min_units, source)
    fits = room // source.pack_units * source.pack_units
    facts: dict[str, object] = {"room": room, "days": source.shelf_days, "least": least}
    if fits < least:
        return 0, [*reasons, ("would_expire", facts)]
    return fits, [*reasons, ("less_by_expiry", facts)]


def _packed(units: int, source: Source) -> int:
    least = max(units, source.min_units)
    return -(-least // source.pack_units) * source.pack_units


def _buy_by(outlook: Outlook, may_end: int | None, source: Source | None) -> date | None:
    """The last morning on which an order still arrives before the stock may be gone."""
    if may_end is None or source is None:
        return None
    return max(outlook.first, outlook.day(may_end) - source.lead_days * DAY)
