"""What a unit costs, as a pure function: no Django, no database, no clock of its own."""

from catalog.pricing.floor import FloorBroken, check_floor, floor_of
from catalog.pricing.price import DatedPrice, Priced, Reason, next_change, price

__all__ = [
    "DatedPrice",
    "FloorBroken",
    "Priced",
    "Reason",
    "check_floor",
    "floor_of",
    "next_change",
    "price",
]
