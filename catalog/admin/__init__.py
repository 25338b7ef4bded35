from catalog.admin import blocks, channels, importing, prices, products, shelves, skus, types

__all__ = ["blocks", "channels", "importing", "prices", "products", "shelves", "skus", "types"]
