from orders.admin import lotteries, orders, payments, refunds

__all__ = ["lotteries", "orders", "payments", "refunds"]
