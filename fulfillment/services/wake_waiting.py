"""Units that wait for a supplier look again at once, because something about it has changed."""

from datetime import datetime

from core import wake
from core.tx import part
from fulfillment.models import Delivery, SupplierOffer
from fulfillment.services.queue_deliveries import DRIVE_TASK
from fulfillment.states import DeliveryState


@part
def wake_waiting(*, supplier_code: str, now: datetime) -> int:
    """Make the waiting units of every SKU that this supplier offers due now; how many they were."""
    skus = SupplierOffer.objects.filter(supplier__code=supplier_code, active=True)
    woken = Delivery.objects.filter(
        state=DeliveryState.PENDING, not_before__gt=now, sku_id__in=skus.values("sku_id")
    ).update(not_before=now)
    wake.poke(DRIVE_TASK)
    return woken


@part
def wake_sku(*, sku_id: int, now: datetime) -> int:
    """The same for the units of one SKU."""
    woken = Delivery.objects.filter(
        state=DeliveryState.PENDING, not_before__gt=now, sku_id=sku_id
    ).update(not_before=now)
    wake.poke(DRIVE_TASK)
    return woken
