from orders.admin import (
    coupon_exports,
    coupons,
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
    "coupon_exports",
    "coupons",
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
