from orders.admin import (
    exchange,
    lotteries,
    orders,
    payments,
    plans,
    refunds,
    subscriptions,
)

__all__ = ["exchange", "lotteries", "orders", "payments", "plans", "refunds", "subscriptions"]
from orders.admin import lotteries, orders, payments, promotions, refunds

__all__ = ["lotteries", "orders", "payments", "promotions", "refunds"]
