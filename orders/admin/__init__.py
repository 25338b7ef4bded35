from orders.admin import (
    exchange,
    lotteries,
    orders,
    payments,
    plans,
    promotions,
    refunds,
    subscriptions,
)

__all__ = [
    "exchange",
    "lotteries",
    "orders",
    "payments",
    "plans",
    "promotions",
    "refunds",
    "subscriptions",
]
