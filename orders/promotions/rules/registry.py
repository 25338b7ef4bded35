"""The kinds of promotion by name, and the group each stands in."""

from collections.abc import Mapping
from typing import Any

from orders.promotions.rules.amount_off import AmountOff
from orders.promotions.rules.base import BadTerms, Terms
from orders.promotions.rules.gift_with import GiftWith
from orders.promotions.rules.nth_unit import NthUnit
from orders.promotions.rules.percent_off import PercentOff
from orders.promotions.rules.points import PointsPay
from orders.promotions.rules.several_for import SeveralFor
from orders.promotions.rules.special_price import SpecialPrice

KINDS: dict[str, type[Terms]] = {
    kind.key: kind
    for kind in (SpecialPrice, PercentOff, AmountOff, NthUnit, SeveralFor, GiftWith, PointsPay)
}


def read_terms(kind: str, params: Mapping[str, Any]) -> Terms:
    """The terms of a stored promotion. Raises BadTerms for an unknown kind or bad parameters."""
    if kind not in KINDS:
        raise BadTerms("kind", "unknown_kind")
    return KINDS[kind].read(params)
