"""The fulfillment floor in the back office."""

from fulfillment.admin import (
    attempts,
    batches,
    cases,
    codes,
    deliveries,
    exports,
    merchants,
    offers,
    purchase_rows,
    purchases,
    reconciling,
    redemptions,
    shares,
    suppliers,
    tills,
    vouchers,
)

__all__ = [
    "attempts",
    "batches",
    "cases",
    "codes",
    "deliveries",
    "exports",
    "merchants",
    "offers",
    "purchase_rows",
    "purchases",
    "reconciling",
    "redemptions",
    "shares",
    "suppliers",
    "tills",
    "vouchers",
]
