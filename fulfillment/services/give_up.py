"""The end of a unit that will not come, definitely."""

from datetime import datetime

from core import outbox, transitions
from core.tx import part
from fulfillment.events import SupplyFailed
from fulfillment.models import Delivery
from fulfillment.services.open_case import close_case
from fulfillment.states import OPEN_DELIVERY, DeliveryState


@part
def give_up(*, delivery: Delivery, reason: str, now: datetime, by: str, approval: str = "") -> bool:
    """Move a locked, open delivery to failed and tell the floors above. ``reason`` is a key.

    The caller has made sure that no attempt is open. False when it was over already.
    """
    settled = {"approval": approval, "resolved_by": by} if approval else {}
    moved = transitions.move(
        Delivery,
        delivery.pk,
        from_=OPEN_DELIVERY,
        to=DeliveryState.FAILED,
        now=now,
        by=by,
        why=reason,
        reason=reason,
        not_before=None,
        **settled,
    )
    if not moved:
        return False
    close_case(delivery=delivery, by=by, now=now, why=f"failed: {reason}", approval=approval)
    outbox.publish(
        SupplyFailed(
            reference=delivery.reference,
            line=delivery.line,
            delivery=delivery.public_id,
            unit=delivery.unit,
            reason=reason,
        ),
        now=now,
    )
    return True
