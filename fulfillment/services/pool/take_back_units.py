"""Codes that an outside channel has not sold come back (D8)."""

from collections.abc import Sequence
from datetime import datetime

from core import audit, transitions
from core.tx import step
from fulfillment.models import ConsignedUnit, Consignment
from fulfillment.services.pool.change_codes import Which, change_codes
from fulfillment.services.pool.consign import name_index
from fulfillment.states import CodeState, ConsignedState


@step()
def take_back_units(
    *, consignment_id: str, numbers: Sequence[str] | None, by: str, why: str, now: datetime
) -> int:
    """Take back what is still out: the codes of these numbers, or all (None). Returns how many.

    Somebody else has had them in a file, so they go into quarantine; whoever may, puts them back on
    sale from there. Raises Consignment.DoesNotExist.
    """
    consignment = Consignment.objects.get(public_id=consignment_id)
    out = consignment.units.select_for_update(of=("self",)).filter(state=ConsignedState.OUT)
    if numbers is not None:
        out = out.filter(
            name_index__in=[name_index(number) for number in numbers if number.strip()]
        )
    units = list(out.order_by("pk"))
    if not units:
        return 0
    transitions.move_many(
        ConsignedUnit, [unit.pk for unit in units], from_=[ConsignedState.OUT],
        to=ConsignedState.RETURNED, now=now, by=by, why=why, changed_at=now,
    )  # fmt: skip
    change_codes(
        Which(ids=[unit.code_id for unit in units]), from_=[CodeState.CONSIGNED],
        to=CodeState.QUARANTINED, by=by, why=f"back from {consignment.channel}: {why}", now=now,
    )  # fmt: skip
    audit.record(
        tag="codes:outside_return", by=by, subject=consignment.public_id, now=now,
        after={"units": len(units), "why": why},
    )  # fmt: skip
    return len(units)
