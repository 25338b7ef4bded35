"""Tables of the distribution floor."""

from distribution.models.marketorder import MarketOrder, MarketPush
from distribution.models.marketplace import MarketKey, MarketPayment, Marketplace, MarketReplay

__all__ = [
    "MarketKey",
    "MarketOrder",
    "MarketPayment",
    "MarketPush",
    "MarketReplay",
    "Marketplace",
]
