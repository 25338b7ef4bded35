"""Part of road step 6: a paid order in a group waits for the others; the last one completes it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from core import outbox, transitions, wake
from core.faults import guard_off
from core.tx import part
from fulfillment.services.set_apart import keep_longer
from orders.events import GroupJoined
from orders.models import BuyGroup, GroupSeat, OrderWait
from orders.models.wait import WaitKind
from orders.states import BuyGroupState, GroupSeatState

FILL_TASK = "orders.fill_groups"
END_TASK = "orders.end_waits"
# What is kept for a group stays so much longer than its deadline, for the sweeper to be in time.
SLACK = timedelta(hours=1)

PAY = """
update orders_buygroup set paid = paid + 1
where id = %(group)s and state = 'open' and deadline > %(now)s and paid < taken
returning paid = size
"""
# Only for the negative control of the race test: look, then write whatever it has become.
LOOK = """
select from orders_buygroup where id = %(group)s and state = 'open' and deadline > %(now)s
"""
UNGUARDED = "update orders_buygroup set paid = paid + 1 where id = %(group)s returning paid = size"


@part
def must_wait(*, order_pk: int, order: str, now: datetime) -> bool:
    """Pay the seat of a locked order; whether it has to wait for its group.

    False for the payment that completes the group: it is delivered in this very transaction, the
    others by `fill_groups`. A payment that finds its group's time over waits for nothing: its wait
    is at its deadline, and the sweeper sends the money back.
    """
    seat = GroupSeat.objects.select_related("group").get(order_id=order_pk)
    done = _pay(seat, now)
    if done is None:
        _wait(order_pk, now, now)
        wake.poke(END_TASK)
        return True
    GroupSeat.objects.filter(pk=seat.pk, state=GroupSeatState.HELD).update(
        state=GroupSeatState.PAID
    )
    if done:
        transitions.move(
            BuyGroup, seat.group_id, from_=[BuyGroupState.OPEN], to=BuyGroupState.FULL, now=now,
            by="system", why="the last seat is paid", state_at=now,
        )  # fmt: skip
        wake.poke(FILL_TASK)
        return False
    keep_longer(reference=order, until=seat.group.deadline + SLACK)
    _wait(order_pk, seat.group.deadline, now)
    outbox.publish(GroupJoined(order, seat.group.public_id), now=now)
    return True


def _pay(seat: GroupSeat, now: datetime) -> bool | None:
    """Whether this completes the group; None when the group is over."""
    told: dict[str, Any] = {"group": seat.group_id, "now": now}
    with connection.cursor() as cursor:
        if guard_off("orders.group"):
            cursor.execute(LOOK, told)
            cursor.execute(UNGUARDED if cursor.rowcount else PAY, told)
        else:
            cursor.execute(PAY, told)
        row = cursor.fetchone()
    return None if row is None else bool(row[0])


def _wait(order_pk: int, deadline: datetime, now: datetime) -> None:
    OrderWait.objects.create(
        order_id=order_pk, kind=WaitKind.GROUP, deadline=deadline, created_at=now
    )
