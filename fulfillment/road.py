"""The road of one unit, from pending to delivered, on one screen (design.md, step 7).

The worker (``services/drive_units.py``), which the sweeper, a callback and an operator wake, comes through
``walk``; there is no second way. The step follows from the latest attempt: a crash anywhere resumes at the right place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from core import clock, leases
from core.faults import crashpoint
from core.hot import hot_cursor
from core.leases import Lease
from fulfillment.models import Attempt, Delivery
from fulfillment.models.routing import MOST_ATTEMPTS
from fulfillment.services.prepare_attempt import prepare_attempt
from fulfillment.services.query_attempt import query_attempt
from fulfillment.services.send_attempt import send_attempt
from fulfillment.states import AttemptState, DeliveryState

#: Where the road leads nowhere by itself.
ENDS = frozenset({DeliveryState.FAILED, DeliveryState.REVOKED})
#: Turns of one visit: as many offers as a policy may ask, each prepared and sent, some to spare.
TURNS = 2 * MOST_ATTEMPTS + 4


@dataclass(frozen=True, slots=True)
class Visit:
    """What one turn works with: the unit's state, and its latest attempt by key and state, if any."""

    state: str
    attempt_id: int | None
    attempt_state: str | None
    lease: Lease
    now: datetime

    def attempt(self) -> Attempt:
        """The row with its supplier and unit. Only where there is one."""
        assert self.attempt_id is not None
        return Attempt.objects.select_related("supplier", "delivery").get(pk=self.attempt_id)


LOOK = """
select d.state, a.id, a.state from fulfillment_delivery d left join lateral (
    select id, state from fulfillment_attempt where delivery_id = d.id order by id desc limit 1) a
    on true
where d.id = %(unit)s::bigint
"""


Step = Callable[[Visit], bool]


def _prepare(visit: Visit) -> bool:
    return visit.state == DeliveryState.PENDING and prepare_attempt(
        lease=visit.lease, now=visit.now
    )


def _send(visit: Visit) -> bool:
    return send_attempt(attempt=visit.attempt(), lease=visit.lease, now=visit.now)


def _ask(visit: Visit) -> bool:
    return query_attempt(attempt=visit.attempt(), lease=visit.lease, now=visit.now)


#: The state of the unit's latest attempt → what is done next. Only two of these ever buy, and
#: the first of them is refused by the database while an attempt is open.
STEPS: dict[str | None, Step] = {
    None: _prepare,
    AttemptState.PREPARED: _send,
    AttemptState.SENT: _ask,
    AttemptState.ACCEPTED: _ask,
    AttemptState.UNKNOWN: _ask,
    AttemptState.SUCCEEDED: _ask,
    AttemptState.REJECTED: _prepare,
    AttemptState.FAILED: _prepare,
    AttemptState.NOT_SENT: _prepare,
    AttemptState.REVERSED: lambda _visit: False,
}


def advance(delivery_id: str, *, now: datetime) -> float | None:
    """Take the unit as far as it goes now. Any number may run at once; one holds the lease.

    Returns the seconds until it is due again, None when nothing is due or another has it.
    """
    crashpoint("CP06")
    held = leases.claim(
        Delivery,
        where=Q(public_id=delivery_id) & ~Q(state__in=ENDS),
        limit=1,
        seconds=settings.LEASE_SECONDS,
        now=now,
    )
    if not held:
        return None
    (lease,) = held
    now = walk(lease, now=now)
    return _due_in(lease.pk, now=now)


def walk(lease: Lease, *, now: datetime) -> datetime:
    """Take the unit that `lease` holds as far as it goes, and give it back. Returns the time then."""
    for _turn in range(TURNS):
        visit = _look(lease, now=now)
        if visit.state in ENDS or not STEPS[visit.attempt_state](visit):
            break
        now = clock.now()
    leases.release(Delivery, lease)
    return now


def _look(lease: Lease, *, now: datetime) -> Visit:
    with hot_cursor() as cursor:
        cursor.execute(LOOK, {"unit": lease.pk})
        state, attempt_id, attempt_state = cursor.fetchone()
    return Visit(state, attempt_id, attempt_state, lease, now)


def _due_in(pk: int, *, now: datetime) -> float | None:
    due = Delivery.objects.values_list("not_before", flat=True).get(pk=pk)
    return None if due is None else max((due - now).total_seconds(), 0.0)
