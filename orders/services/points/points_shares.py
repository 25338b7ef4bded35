"""What points paid for: how many, for which line, for which unit. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from core.money import split_minor
from orders.promotions.rules.points import PointsPay
from orders.promotions.rules.points_exchange import PointsExchange
from orders.queries.placing import NewBundle, NewOrder

KEYS = frozenset({PointsPay.key, PointsExchange.key})


class Paid(NamedTuple):
    """So many points for so much of an order (minor units), by line."""

    points: int
    amount_minor: int
    shares: dict[str, int]


def paid_with_points(new: NewOrder) -> Paid | None:
    """What of an order about to be written is paid with points, or None.

    The reasons of its price say how many; lines share them by what points paid of each, largest
    remainder, so that they sum. Parts of a bundle share what the bundle got by their price.
    """
    found = [one for one in new.explanation if one["key"] in KEYS]
    if not found:
        return None
    amounts: dict[str, int] = {}
    bundles = {bundle.public_id: _of(bundle.adjustments) for bundle in new.bundles}
    for bundle in new.bundles:
        amounts |= _parts(bundle, bundles[bundle.public_id])
    for line in new.lines:
        if line.bundle_id is None:
            amounts[line.public_id] = _of(line.adjustments)
    points = sum(points_of(one) for one in found)
    lines = [line.public_id for line in new.lines]
    split = split_minor(points, [amounts[line] for line in lines])
    shares = {line: share for line, share in zip(lines, split, strict=True) if share}
    return Paid(points, sum(amounts.values()), shares)


def points_of(adjustment: Mapping[str, Any]) -> int:
    """How many points a reason of a price stands for."""
    params, amount = adjustment["params"], int(adjustment["amount_minor"])
    if adjustment["key"] == PointsExchange.key:
        return int(params["points"])
    return -amount // int(params["minor_per_point"])


def unit_points(share: int, quantity: int, unit: int) -> int:
    """What of a line's points is the n-th unit's (from 1), so that the units sum to the line."""
    return split_minor(share, [1] * quantity)[unit - 1]


def _of(adjustments: Sequence[Mapping[str, Any]]) -> int:
    return -sum(int(one["amount_minor"]) for one in adjustments if one["key"] in KEYS)


def _parts(bundle: NewBundle, amount: int) -> dict[str, int]:
    weights = [part["share_minor"] * bundle.quantity for part in bundle.split]
    parts = split_minor(amount, weights)
    return {part["line"]: mine for part, mine in zip(bundle.split, parts, strict=True)}
