"""A guest's goods join an account; the floor above has checked the proof."""

from datetime import datetime

from core.tx import part
from fulfillment.models import CertificateLink, Delivery, Entitlement, Gift
from fulfillment.services.editions.link_certificate import link_certificate
from fulfillment.states import GiftState


@part
def attach_owner(*, reference: str, owner: str, now: datetime) -> int:
    """Give every unit of a guest's reference to `owner` (a user's public id).

    Units that have an owner keep it, and what was given away stays with its new holder. A gift that
    nobody has accepted yet is from now on this person's to take back. Returns how many entitlements
    came into the wallet.
    """
    Delivery.objects.filter(reference=reference, owner="").update(owner=owner)
    mine = Entitlement.objects.filter(reference=reference, owner="", moves=0)
    Gift.objects.filter(entitlement__in=mine, state=GiftState.OPEN, giver="").update(giver=owner)
    numbered = list(mine.filter(certificate__isnull=False).order_by("pk"))
    attached = mine.update(owner=owner)
    for row in numbered:
        row.owner = owner
        link_certificate(row, what=CertificateLink.What.KEPT, by=f"user:{owner}", now=now)
    return attached
