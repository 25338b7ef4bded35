from orders.admin import bills, orders, payments, refunds

__all__ = ["bills", "orders", "payments", "refunds"]
