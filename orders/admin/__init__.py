from orders.admin import (
    exchange,
    flash,
    lotteries,
    orders,
    payments,
    plans,
    promotions,
    points,
    refunds,
    subscriptions,
)

__all__ = [
    "exchange",
    "flash",
    "lotteries",
    "orders",
    "payments",
    "plans",
    "promotions",
    "refunds",
    "subscriptions",
]
__all__ = ["exchange", "lotteries", "orders", "payments", "plans", "refunds", "subscriptions"]
from orders.admin import lotteries, orders, payments, points, refunds

__all__ = ["lotteries", "orders", "payments", "points", "refunds"]
    "points",
    "refunds",
    "subscriptions",
]
