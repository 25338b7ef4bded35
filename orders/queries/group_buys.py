"""Group buys as pages need them: what runs, a group with its seats, what is due."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from catalog.offers import ChannelView
from orders.models import BuyGroup, GroupBuy, GroupSeat, OrderWait
from orders.models.wait import WaitKind
from orders.states import BuyGroupState, GroupBuyState, GroupSeatState, WaitState

MOST_SHOWN = 50
MOST_GROUPS_SHOWN = 5


def group_buys(
    channel: ChannelView, now: datetime, *, skus: Sequence[int] | None = None
) -> list[GroupBuy]:
    """What runs in a channel at this moment (of these SKUs), the next to end first."""
    rows = GroupBuy.objects.select_related("sku").filter(
        state=GroupBuyState.LIVE, starts_at__lte=now, ends_at__gt=now
    )
    if skus is not None:
        rows = rows.filter(sku_id__in=skus)
    found = rows.order_by("ends_at", "pk")[:MOST_SHOWN]
    return [row for row in found if in_channel(row, channel)]


def group_buy_by_slug(slug: str, channel: ChannelView) -> GroupBuy | None:
    """One that was switched on, also when it is over."""
    rows = GroupBuy.objects.select_related("sku").exclude(state=GroupBuyState.DRAFT)
    row = rows.filter(slug=slug).first()
    return row if row is not None and in_channel(row, channel) else None


def group_by_id(public_id: str, channel: ChannelView) -> BuyGroup | None:
    """A group by what its link says. It shows itself to others once one of its seats is paid."""
    rows = BuyGroup.objects.select_related("buy__sku").filter(public_id=public_id)
    row = rows.first()
    return row if row is not None and in_channel(row.buy, channel) else None


def open_groups(buy: GroupBuy, now: datetime) -> list[BuyGroup]:
    """Groups one may join: somebody has paid, a seat is free, the nearest to complete first."""
    rows = BuyGroup.objects.filter(buy=buy, state=BuyGroupState.OPEN, deadline__gt=now, paid__gt=0)
    found = rows.order_by("-paid", "deadline", "pk")[: MOST_GROUPS_SHOWN * 4]
    return [row for row in found if row.taken < row.size][:MOST_GROUPS_SHOWN]


def seats_of(group: BuyGroup) -> list[GroupSeat]:
    """Seats that are taken, whoever came first first."""
    seats = GroupSeat.objects.filter(group=group).exclude(state=GroupSeatState.LEFT)
    return list(seats.order_by("taken_at", "pk")[: group.size])


def in_channel(buy: GroupBuy, channel: ChannelView) -> bool:
    return not buy.channels or channel.code in buy.channels


def orders_of_full_groups(*, limit: int) -> list[str]:
    """Public ids of paid orders that still wait although their group is full, first come first."""
    full = GroupSeat.objects.filter(order=OuterRef("order"), group__state=BuyGroupState.FULL)
    waits: QuerySet[OrderWait] = OrderWait.objects.filter(
        Exists(full), state=WaitState.OPEN, kind=WaitKind.GROUP
    )
    return list(
        waits.order_by("created_at", "pk").values_list("order__public_id", flat=True)[:limit]
    )
