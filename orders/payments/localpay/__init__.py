"""The local payment gateway (docs/protocols/localpay.md)."""

from orders.payments.localpay.provider import provider

__all__ = ["provider"]
