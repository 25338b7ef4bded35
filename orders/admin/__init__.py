from orders.admin import orders, payments, refunds

__all__ = ["orders", "payments", "refunds"]
