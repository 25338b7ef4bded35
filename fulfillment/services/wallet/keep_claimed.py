"""What a guest accepted moves into the guest's new account."""

from datetime import datetime

from core.tx import step
from fulfillment.models import Entitlement, OwnershipChange
from fulfillment.services.wallet.claim_gift import hand_on
from fulfillment.services.wallet.lock_owned import lock_owned
from fulfillment.tokens import fits


class NotHeld(LookupError):
    """The token does not prove it, or it has an owner."""


@step()
def keep_claimed(
    *, entitlement: str, token: str, owner: str, by: str, now: datetime
) -> Entitlement:
    """Put a thing that a guest holds by `token` into the wallet of `owner` (a user's public id).

    Keeping one's own thing again changes nothing. Raises NotHeld.
    """
    row = lock_owned(entitlement)
    if row is not None and row.owner == owner and owner:
        return row
    # On its way to a friend it is nobody's to put away.
    if row is None or row.owner or row.given_at or not fits("holder", token, row.holder_hash):
        raise NotHeld(entitlement)
    hand_on(row, to=owner, how=OwnershipChange.How.KEPT, by=by, now=now)
    return row
