"""What goods are called in both languages, from the catalogue's snapshot."""

from catalog import snapshot
from catalog.models import Sku


def names_of(sku_id: int) -> tuple[str, str]:
    """“Product · SKU” in Chinese and in English. No statement while the snapshot is warm."""
    held = snapshot.current()
    sku = held.skus.get(sku_id)
    if sku is not None:
        product = held.products[sku.product_id]
    else:
        # Newer than this process's snapshot, which is at most a second old.
        sku = Sku.objects.select_related("product").get(pk=sku_id)
        product = sku.product
    return f"{product.name} · {sku.name}", f"{product.name_en} · {sku.name_en}"
