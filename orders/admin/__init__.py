from orders.admin import exchange, lotteries, orders, payments, refunds

__all__ = ["exchange", "lotteries", "orders", "payments", "refunds"]
