from catalog.admin import (
    bundles,
    channels,
    importing,
    pages,
    prices,
    pricing,
    products,
    shelves,
    skus,
    types,
)

__all__ = [
    "bundles",
    "channels",
    "importing",
    "pages",
    "prices",
    "pricing",
    "products",
    "shelves",
    "skus",
    "types",
]
