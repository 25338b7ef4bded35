"""Where the units of an order stand, as far as orders must know: read from the floor below."""

from dataclasses import dataclass

from core.tx import part
from fulfillment.models import Delivery
from fulfillment.states import DeliveryState


@dataclass(frozen=True, slots=True)
class UnitState:
    """One unit of a line (numbered from 1) and the state of its delivery.

    `canceled`: taken off the road for good, by the refund that counted it as gone.
    """

    line: str
    unit: int
    delivery: str
    state: str
    canceled: bool


def unit_states(reference: str) -> list[UnitState]:
    """All opened units of an order, in the order of its lines and units."""
    rows = Delivery.objects.filter(reference=reference).order_by("line", "unit")
    columns = ("line", "unit", "public_id", "state", "canceled_at")
    return [
        UnitState(line, unit, delivery, state, canceled_at is not None)
        for line, unit, delivery, state, canceled_at in rows.values_list(*columns)
    ]


@part
def has_failed(delivery: str) -> bool:
    """Whether that unit has failed and is neither refunded nor started over; its row is locked."""
    rows = Delivery.objects.select_for_update(of=("self",)).filter(public_id=delivery)
    return rows.filter(state=DeliveryState.FAILED, canceled_at=None).exists()
