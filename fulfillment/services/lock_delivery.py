"""The first lock of every decision about a unit (design rule 4: delivery before code and ledger)."""

from core.leases import Lease
from core.tx import part
from fulfillment.models import Delivery


@part
def lock_delivery(*, pk: int, lease: Lease | None = None) -> Delivery | None:
    """Lock one delivery's row; None when ``lease`` is given and somebody else holds it by now."""
    rows = Delivery.objects.select_for_update(of=("self",)).filter(pk=pk)
    if lease is not None:
        rows = rows.filter(lease_token=lease.token)
    return rows.first()
