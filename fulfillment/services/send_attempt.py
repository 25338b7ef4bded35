"""Road, step 2 of a purchase: commit ``sent``, let the request go, record what came back.

No transaction is open while the supplier is called. After a crash ``prepared`` means that no byte
left and ``sent`` means unknown (reliability.md section 0, rule 6).
"""

import time
from datetime import datetime, timedelta

from core import clock, switches, transitions
from core.faults import crashpoint
from core.hot import hot_cursor
from core.leases import Lease
from core.ledger import FloorBreached
from core.tx import step
from fulfillment import postings
from fulfillment.models import Attempt, Delivery, SupplierEvent
from fulfillment.queries.routes import PURCHASES
from fulfillment.services.reach_supplier import reach_supplier
from fulfillment.services.record_answer import drop_attempt, record_answer
from fulfillment.services.suppliers.connect_supplier import NotReady, connect_supplier, purchase_of
from fulfillment.services.take_call import AHEAD_SECONDS, give_back_call, keep_call
from fulfillment.states import AttemptState, DeliveryState, SupplierState

#: A call taken so short a while ago is held for certain (`take_call.SPARE_SECONDS`).
JUST_TAKEN = timedelta(seconds=5)
#: The unit's row is locked, if it is still ours and may still be bought; gives the supplier's state.
LOCK = """
select s.state from fulfillment_delivery d
join fulfillment_attempt a on a.delivery_id = d.id join fulfillment_supplier s on s.id = a.supplier_id
where d.id = %(unit)s::bigint and a.id = %(attempt)s::bigint and d.lease_token = %(token)s::text
  and d.state = 'pending' and a.state = 'prepared' for update of d
"""


def send_attempt(*, attempt: Attempt, lease: Lease, now: datetime) -> bool:
    """Buy once under ``attempt.number``. True when the road may go on at once.

    A second call for the same attempt finds it no longer ``prepared`` and does nothing.
    """
    try:
        link = connect_supplier(attempt.supplier)
        purchase = purchase_of(attempt)
        now = _await_turn(attempt, now=now)
        if not mark_sent(attempt=attempt, lease=lease, now=now):
            return False
    except NotReady as error:
        give_back_call(attempt.number)
        return drop_attempt(attempt_id=attempt.pk, lease=lease, why=error.reason, now=now)
    except FloorBreached:
        give_back_call(attempt.number)
        return drop_attempt(attempt_id=attempt.pk, lease=lease, why="no_funds", now=now)
    crashpoint("CP07")
    reached = reach_supplier(
        attempt.supplier, lambda: link.adapter.place(link.connection, purchase, now=now)
    )
    give_back_call(attempt.number)
    crashpoint("CP10")
    # A call takes its time: what it heard, it heard now.
    going_on = record_answer(
        attempt=attempt,
        answer=reached.answer,
        source=SupplierEvent.Source.ANSWER,
        lease=lease,
        by="worker",
        now=max(now, clock.now()),
        took_ms=reached.took_ms,
    )
    crashpoint("CP11")
    return going_on


def _await_turn(attempt: Attempt, *, now: datetime) -> datetime:
    """A supplier with a rate limit was promised that this purchase does not leave before its turn.

    Returns the time afterwards.
    """
    if attempt.not_before is None or attempt.not_before <= now:
        return now
    wait = (attempt.not_before - clock.now()).total_seconds()
    time.sleep(min(max(wait, 0.0), AHEAD_SECONDS))
    return clock.now()


@step()
def mark_sent(*, attempt: Attempt, lease: Lease, now: datetime) -> bool:
    """Commit the intent and set the money aside. False when it is not ours to send any more.

    Raises core.ledger.FloorBreached when the money at the supplier does not cover it, NotReady when
    the supplier was switched off meanwhile or has no call free.
    """
    with hot_cursor() as cursor:
        cursor.execute(LOCK, {"attempt": attempt.pk, "unit": lease.pk, "token": lease.token})
        found = cursor.fetchone()
    if found is None:
        return False
    if found[0] != SupplierState.ON or not switches.is_on(PURCHASES):
        raise NotReady("supplier_off")
    if now - attempt.created_at > JUST_TAKEN and not keep_call(
        supplier=attempt.supplier, holder=attempt.number, now=now
    ):
        raise NotReady("busy")
    if not transitions.move(
        Attempt,
        attempt.pk,
        from_=[AttemptState.PREPARED],
        to=AttemptState.SENT,
        now=now,
        by="worker",
        sent_at=now,
        next_query_at=now,
    ):
        return False
    transitions.move(
        Delivery,
        lease.pk,
        from_=[DeliveryState.PENDING],
        to=DeliveryState.DISPATCHED,
        now=now,
        by="worker",
        why=attempt.number,
        not_before=now,
        reason="",
    )
    postings.purchase_sent(
        attempt=attempt.public_id,
        supplier=attempt.supplier.code,
        reference=attempt.delivery.reference,
        amount_minor=attempt.max_cost_minor,
        currency=attempt.currency,
        now=now,
    )
    return True
