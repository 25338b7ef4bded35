"""The fulfillment floor in the back office."""

from fulfillment.admin import (
    attempts,
    batches,
    cases,
    codes,
    deliveries,
    exports,
    offers,
    reconciling,
    shares,
    suppliers,
)

__all__ = [
    "attempts",
    "batches",
    "cases",
    "codes",
    "deliveries",
    "exports",
    "offers",
    "reconciling",
    "shares",
    "suppliers",
]
