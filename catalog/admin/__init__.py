from catalog.admin import (
    blocks,
    bundles,
    channels,
    importing,
    prices,
    products,
    shelves,
    skus,
    types,
)

__all__ = [
    "blocks",
    "bundles",
    "channels",
    "importing",
    "prices",
    "products",
    "shelves",
    "skus",
    "types",
]
