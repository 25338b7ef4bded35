"""Where the units of an order stand, as far as orders must know: read from the floor below."""

from dataclasses import dataclass

from fulfillment.models import Delivery


@dataclass(frozen=True, slots=True)
class UnitState:
    """One unit of a line (numbered from 1) and the state of its delivery."""

    line: str
    unit: int
    delivery: str
    state: str


def unit_states(reference: str) -> list[UnitState]:
    """All opened units of an order, in the order of its lines and units."""
    rows = Delivery.objects.filter(reference=reference).order_by("line", "unit")
    return [UnitState(*row) for row in rows.values_list("line", "unit", "public_id", "state")]
