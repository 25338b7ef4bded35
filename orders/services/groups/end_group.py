"""A group that is not full in time is over; its campaign has room for another one."""

from datetime import datetime

from django.db.models import F

from core import transitions
from core.each import each
from core.tx import part, step
from orders.models import BuyGroup, GroupBuy
from orders.states import BuyGroupState


def expire_groups(*, now: datetime, limit: int = 200) -> int:
    """End every group past its deadline, each in its own step. Returns how many this call ended.

    Money goes back by the waits of its orders (`fill_waits.end_overdue_waits`), unpaid orders
    close by their own time, which is never later than the group's.
    """
    due = BuyGroup.objects.filter(state=BuyGroupState.OPEN, deadline__lte=now)
    found = list(due.order_by("deadline", "pk").values_list("pk", flat=True)[:limit])
    return each(lambda group: _expire(group, now), found, name="expire_group")


@step()
def _expire(group: int, now: datetime) -> bool:
    return is_over(group, now=now)


@part
def is_over(group: int, *, now: datetime) -> bool:
    """Whether a group ran out of time, ending it when its deadline has come; False once it is full."""
    row = BuyGroup.objects.get(pk=group)
    if row.state == BuyGroupState.OPEN and row.deadline <= now:
        return end_group(row, why="not full in time", now=now) or _state(group) == "expired"
    return bool(row.state == BuyGroupState.EXPIRED)


@part
def end_group(group: BuyGroup, *, why: str, now: datetime) -> bool:
    """End an open group; False when somebody completed or ended it first.

    Lock order: the group, then its campaign.
    """
    moved = transitions.move(
        BuyGroup, group.pk, from_=[BuyGroupState.OPEN], to=BuyGroupState.EXPIRED, now=now,
        by="system", why=why, state_at=now,
    )  # fmt: skip
    if moved:
        GroupBuy.objects.filter(pk=group.buy_id, opened__gt=0).update(opened=F("opened") - 1)
    return moved


def _state(group: int) -> str:
    return str(BuyGroup.objects.values_list("state", flat=True).get(pk=group))
