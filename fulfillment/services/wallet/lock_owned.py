"""The row of what somebody owns, locked: after its delivery, before gifts, links and bindings."""

from core.faults import guard_off
from core.tx import part
from fulfillment.models import Entitlement


@part
def lock_owned(entitlement: str) -> Entitlement | None:
    """The entitlement with that public id, its row locked until the end of the step."""
    rows = Entitlement.objects.filter(public_id=entitlement)
    if guard_off("wallet.lock"):
        return rows.first()
    return rows.select_for_update(of=("self",)).first()
