"""A queued unit has been delivered: state, entitlement and event in one place."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from core import transitions
from core.tx import part
from fulfillment.models import Delivery
from fulfillment.queries.goods import goods
from fulfillment.services.queue_deliveries import hand_over
from fulfillment.states import DeliveryState


@part
def record_delivered(  # noqa: PLR0913
    *,
    delivery_id: int,
    from_: Iterable[str],
    cost_minor: int,
    currency: str,
    supplier: Any | None,
    supplier_no: str,
    now: datetime,
    by: str,
    why: str,
    **also_set: Any,
) -> bool:
    """Move the unit to delivered if it is in one of `from_`; False when the race is lost.

    `cost_minor` is in minor units of `currency`; its journal is the caller's (see `postings`).
    """
    moved = transitions.move(
        Delivery, delivery_id, from_=from_, to=DeliveryState.DELIVERED, now=now, by=by, why=why,
        delivered_at=now, cost_minor=cost_minor, currency=currency, supplier=supplier.pk if supplier else None,
        supplier_no=supplier_no, reason="", **also_set,
    )  # fmt: skip
    if not moved:
        return False
    row = Delivery.objects.get(pk=delivery_id)
    hand_over(row, goods([row.sku_id])[row.sku_id], now=now)
    return True
