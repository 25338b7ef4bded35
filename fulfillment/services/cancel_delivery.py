"""Take a unit out of the road before anything was bought for it, so that it can be refunded."""

from datetime import datetime

from core import transitions
from core.tx import part
from fulfillment.models import Attempt, Delivery
from fulfillment.states import OPEN_ATTEMPT, AttemptState, DeliveryState

CANCELED = "canceled"


@part
def cancel_delivery(*, delivery: str, now: datetime, by: str, why: str) -> bool:
    """Cancel an undelivered unit, for ever. True when it is canceled (now or before).

    False when it is delivered, with a supplier, or with a person: then only its outcome tells.
    The row is locked first, so a dispatch and a cancel can never both win (D08).
    """
    row = Delivery.objects.select_for_update().filter(public_id=delivery).first()
    if row is None:
        return False
    if row.canceled_at is not None:
        return True
    if row.state not in (DeliveryState.PENDING, DeliveryState.FAILED) or _under_way(row):
        return False
    if row.state == DeliveryState.FAILED:
        # Failed for good: from now on nobody may try again.
        Delivery.objects.filter(pk=row.pk).update(canceled_at=now)
        return True
    return transitions.move(
        Delivery, row.pk, from_=[DeliveryState.PENDING], to=DeliveryState.FAILED, now=now, by=by,
        why=why, reason=CANCELED, canceled_at=now, not_before=None,
    )  # fmt: skip


def _under_way(row: Delivery) -> bool:
    live = set(OPEN_ATTEMPT)
    if row.state != DeliveryState.FAILED:
        live.add(AttemptState.SUCCEEDED)
    # A unit that failed although its purchase succeeded was given up by two persons: what came was
    # worth nothing, and nothing more will come.
    return Attempt.objects.filter(delivery=row, state__in=live).exists()
