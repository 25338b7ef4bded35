"""A seat whose order came to nothing is free for somebody else, as long as the group is not full."""

from datetime import datetime

from django.db import connection

from core.tx import part
from orders.models import BuyGroup, GroupSeat, Order
from orders.services.groups.end_group import end_group
from orders.states import BuyGroupState, GroupSeatState

# The seat's state stands still behind the lock of its order; the group's behind this statement.
LEAVE = """
update orders_buygroup set taken = taken - 1, paid = paid - %(paid)s
where id = %(group)s and state <> 'full' returning taken
"""


@part
def leave_seat(order: Order, *, now: datetime) -> bool:
    """Give up the seat of a locked order; False without one, or when its group is full by now.

    Whoever opened the group is one of its members: the others go on. When the last one has left,
    the group is over. From a full group nobody leaves; there the ordinary refund rules hold.
    """
    seat = GroupSeat.objects.filter(order=order).exclude(state=GroupSeatState.LEFT).first()
    if seat is None:
        return False
    paid = int(seat.state == GroupSeatState.PAID)
    with connection.cursor() as cursor:
        cursor.execute(LEAVE, {"group": seat.group_id, "paid": paid})
        row = cursor.fetchone()
    if row is None:
        return False
    GroupSeat.objects.filter(pk=seat.pk).update(state=GroupSeatState.LEFT)
    group = BuyGroup.objects.get(pk=seat.group_id)
    if row[0] == 0 and group.state == BuyGroupState.OPEN:
        end_group(group, why="everybody has left", now=now)
    return True
