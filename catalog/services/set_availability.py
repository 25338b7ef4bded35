"""The shown availability of a SKU: a read-model that fulfillment writes at thresholds."""

from datetime import datetime

from catalog import snapshot
from catalog.models import Sku
from catalog.states import Availability
from core.tx import part


@part
def set_availability(*, sku_id: int, availability: str, now: datetime) -> bool:
    """Show a SKU as in, low or out; returns whether that changed anything.

    It promises nothing: the hold at order decides. Raises ValueError for another word.
    """
    value = Availability(availability).value
    changed = Sku.objects.filter(pk=sku_id).exclude(availability=value).update(availability=value)
    if changed:
        snapshot.changed()
    return bool(changed)
