"""What a unit costs, as a pure function: no Django, no database, no clock of its own."""

from catalog.pricing.cost_plus import CostRule, Followed, follow_cost
from catalog.pricing.floor import FloorBroken, check_floor, floor_of
from catalog.pricing.levels import LevelTerms, level_price
from catalog.pricing.lists import best_of, list_price, next_change
from catalog.pricing.margin import Margin, fee_of
from catalog.pricing.price import price
from catalog.pricing.rounding import Rounding, round_ratio
from catalog.pricing.values import DatedPrice, Priced, Reason

__all__ = [
    "CostRule",
    "DatedPrice",
    "FloorBroken",
    "Followed",
    "LevelTerms",
    "Margin",
    "Priced",
    "Reason",
    "Rounding",
    "best_of",
    "check_floor",
    "fee_of",
    "floor_of",
    "follow_cost",
    "level_price",
    "list_price",
    "next_change",
    "price",
    "round_ratio",
]
