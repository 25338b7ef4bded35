"""Hand a unit to people."""

from datetime import datetime

import structlog

from core import transitions
from core.tx import part
from fulfillment.models import Attempt, Delivery, ManualCase
from fulfillment.services.suppliers.settle_charges import open_charges, settle_charges
from fulfillment.states import CaseState

log = structlog.get_logger(__name__)


@part
def open_case(
    *, delivery: Delivery, attempt: Attempt | None, why: str, now: datetime, note: str = ""
) -> bool:
    """Open a case about a locked delivery, or add the news to the one that is open.

    True when the case was opened by this call.

    ``why`` is a key: unknown_too_long, no_offer, out_of_reach, reversed, contradiction,
    overcharged, sold_code, empty_goods, manual.
    """
    case = (
        ManualCase.objects.select_for_update()
        .filter(delivery=delivery)
        .exclude(state=CaseState.RESOLVED)
        .first()
    )
    if case is not None:
        if case.why != why:
            news = f"{now.isoformat(timespec='seconds')} {why} {note}".strip()
            case.note = f"{case.note}\n{news}".strip()
            case.save(update_fields=["note"])
        return False
    case = ManualCase.objects.create(
        delivery=delivery, attempt=attempt, why=why, note=note, opened_at=now
    )
    transitions.begin(
        entity="manualcase",
        subject=case.public_id,
        state=CaseState.OPEN,
        now=now,
        by="worker",
        why=why,
    )
    log.warning("manual_case_opened", delivery=delivery.public_id, why=why)
    return True


@part
def close_case(*, delivery: Delivery, by: str, now: datetime, why: str, approval: str = "") -> None:
    """Resolve the open case of a locked delivery, if there is one.

    While a supplier has taken money without our consent only two persons (`approval`) close it,
    and settle that money with it. Raises core.ledger.FloorBreached.
    """
    case = (
        ManualCase.objects.select_for_update()
        .filter(delivery=delivery)
        .exclude(state=CaseState.RESOLVED)
        .first()
    )
    if case is None or (not approval and open_charges(delivery)):
        return
    settle_charges(delivery=delivery, now=now)
    transitions.move(
        ManualCase,
        case.pk,
        from_=(CaseState.OPEN, CaseState.PROPOSED),
        to=CaseState.RESOLVED,
        now=now,
        by=by,
        why=why,
        resolved_at=now,
        resolved_by=by,
    )
