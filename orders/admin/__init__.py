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
