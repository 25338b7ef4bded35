from orders.admin import (
    exchange,
    flash,
    lotteries,
    orders,
    payments,
    plans,
    points,
    promotions,
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
    "points",
    "promotions",
    "refunds",
    "subscriptions",
]
