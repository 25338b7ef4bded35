"""A guest's goods join an account; the floor above has checked the proof."""

from datetime import datetime

from core.tx import part
from fulfillment.models import Delivery, Entitlement


@part
def attach_owner(*, reference: str, owner: str, now: datetime) -> int:
    """Give every unit of a guest's reference to `owner` (a user's public id).

    Units that have an owner keep it. Returns how many entitlements came into the wallet.
    """
    Delivery.objects.filter(reference=reference, owner="").update(owner=owner)
    return Entitlement.objects.filter(reference=reference, owner="").update(owner=owner)
