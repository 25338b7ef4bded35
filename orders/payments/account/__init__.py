"""Orders of those who pay by a bill later: charged to their account in our books."""

from orders.payments.account.provider import provider

__all__ = ["provider"]
