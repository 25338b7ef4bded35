"""The fulfillment floor in the back office."""

from fulfillment.admin import attempts, cases, deliveries, suppliers

__all__ = ["attempts", "cases", "deliveries", "suppliers"]
