"""Ask what became of a purchase, by the same number, and record the answer. Never buys."""

from datetime import datetime

from django.db.models import F

from core import clock
from core.faults import crashpoint
from core.leases import Lease
from fulfillment.models import Attempt, SupplierEvent
from fulfillment.services.reach_supplier import Reached, reach_supplier
from fulfillment.services.record_answer import record_answer
from fulfillment.services.suppliers.connect_supplier import NotReady, connect_supplier, purchase_of
from fulfillment.services.take_call import give_back_call
from fulfillment.states import AttemptState
from fulfillment.suppliers.base import Answer, Verdict


def query_attempt(*, attempt: Attempt, lease: Lease, now: datetime) -> bool:
    """One look-up when it is due. True when the road may go on at once.

    A ``sent`` attempt found here lost its worker between the send and the answer; whatever the
    look-up says, it is treated as unknown from now on.
    """
    if attempt.next_query_at is None or attempt.next_query_at > now:
        return False
    if attempt.state == AttemptState.SENT:
        # Whoever held the call is gone: it need not stay taken until it frees itself.
        give_back_call(attempt.number)
    Attempt.objects.filter(pk=attempt.pk).update(query_count=F("query_count") + 1)
    try:
        link = connect_supplier(attempt.supplier)
        purchase = purchase_of(attempt)
    except NotReady as error:
        reached = Reached(Answer(Verdict.UNKNOWN, problem=error.reason), 0)
    else:
        reached = reach_supplier(
            attempt.supplier, lambda: link.adapter.query(link.connection, purchase, now=now)
        )
    crashpoint("CP14")
    return record_answer(
        attempt=attempt,
        answer=reached.answer,
        source=SupplierEvent.Source.QUERY,
        lease=lease,
        by="worker",
        now=max(now, clock.now()),
        took_ms=reached.took_ms,
    )
