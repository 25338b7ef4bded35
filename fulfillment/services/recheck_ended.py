"""A weak message says that a purchase which had ended without goods succeeded after all.

It proves nothing, but neither may it be ignored: the supplier would have charged us. So it is asked
about once, by the same number, and only the verified answer counts (C05).
"""

from datetime import datetime

from core import clock, limits
from core.tx import step
from fulfillment.models import Attempt, SupplierEvent
from fulfillment.services.reach_supplier import Reached, reach_supplier
from fulfillment.services.record_answer import fact_of, settle_answer
from fulfillment.services.suppliers.connect_supplier import NotReady, connect_supplier, purchase_of
from fulfillment.states import AttemptState
from fulfillment.suppliers.base import Verdict

ENDED = frozenset({AttemptState.FAILED, AttemptState.REJECTED})
#: Questions of this kind to one supplier a minute: whoever can forge a message cannot make us ask on.
ASKED_PER_MINUTE = 30


def recheck_ended(*, attempt: Attempt, by: str, now: datetime) -> bool:
    """Ask once what became of an ended purchase. True when it succeeded and a person has the case.

    No transaction may be open. Anything but a verified success changes nothing.
    """
    supplier = attempt.supplier
    key = f"supplier_recheck:{supplier.code}"
    if attempt.state not in ENDED or not limits.hit(
        key, limit=ASKED_PER_MINUTE, seconds=60, now=now
    ):
        return False
    try:
        link = connect_supplier(supplier)
        purchase = purchase_of(attempt)
    except NotReady:
        return False
    reached = reach_supplier(
        supplier, lambda: link.adapter.query(link.connection, purchase, now=now)
    )
    at = max(now, clock.now())
    _keep(attempt, reached, now=at)
    if reached.answer.verdict is not Verdict.SUCCEEDED:
        return False
    settle_answer(attempt_id=attempt.pk, answer=reached.answer, lease=None, by=by, now=at)
    return True


@step()
def _keep(attempt: Attempt, reached: Reached, *, now: datetime) -> None:
    """The fact first, in its own commit, as everything that a supplier says."""
    fact_of(
        reached.answer, supplier_id=attempt.supplier_id, attempt_id=attempt.pk,
        number=attempt.number, source=SupplierEvent.Source.QUERY, now=now,
        took_ms=reached.took_ms,
    ).save(force_insert=True)  # fmt: skip
