"""What the dearest choice of a bundle costs now, from the rows: the floor of its price."""

from catalog.models import BundleGroup, Sku
from catalog.pricing.bundle import dearest


def bundle_cost(sku_id: int) -> int | None:
    """Cost of the dearest lawful choice in minor units; None for goods that are no bundle."""
    groups = BundleGroup.objects.filter(bundle_id=sku_id).prefetch_related("parts__sku")
    amounts = [
        (group.choose, [(one.sku.cost_minor or 0) * one.quantity for one in group.parts.all()])
        for group in groups
    ]
    return dearest(amounts) if amounts else None


def cost_of(sku: Sku) -> int | None:
    """Cost of one unit of any goods in minor units, as far as it is known."""
    inside = bundle_cost(sku.pk)
    return sku.cost_minor if inside is None else inside
