"""Orders of zero: the same road, with nothing to pay."""

from orders.payments.free.provider import provider

__all__ = ["provider"]
