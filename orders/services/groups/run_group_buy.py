"""A group buy's life: switched on, it opens groups between its dates, it ends."""

from datetime import datetime

from catalog.queries import channel_by_code, default_channel, offer_by_id
from core import audit, transitions
from core.each import each
from core.tx import part, step
from orders.models import GroupBuy
from orders.services.groups.group_rule import group_rule
from orders.states import GroupBuyState


class NotStartable(Exception):
    """The group buy cannot be switched on; `reason` is a key: state, over, price, dear, floor."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@step()
def start_group_buy(*, buy: str, by: str, now: datetime) -> None:
    """Switch a draft on: from its start on groups can be opened.

    Raises NotStartable: not a draft, over already, no price in its channel, not cheaper than alone,
    under the floor without an approved subsidy. Source: M4; design.md, floor.
    """
    row = _locked(buy)
    if row.state != GroupBuyState.DRAFT:
        raise NotStartable("state")
    if row.ends_at <= now:
        raise NotStartable("over")
    _check_price(row, now)
    _move(row, GroupBuyState.LIVE, by=by, now=now, why="switched on")
    audit.record(tag="group:started", by=by, subject=buy, now=now, after={"size": row.size})


@step()
def end_group_buy(*, buy: str, by: str, now: datetime, why: str) -> bool:
    """End it now: no group opens any more. Groups that are open may still fill until their own
    deadline, as was promised to those who paid. False when it has ended before.
    """
    row = _locked(buy)
    return _end(row, by, now, why)


def advance_group_buys(*, now: datetime, limit: int = 50) -> int:
    """End those whose time is over. Prices go by the clock, not by this."""
    over = GroupBuy.objects.filter(state=GroupBuyState.LIVE, ends_at__lte=now)
    due = list(over.order_by("ends_at", "pk").values_list("public_id", flat=True)[:limit])
    return each(
        lambda buy: end_group_buy(buy=buy, by="system", now=now, why="its time is over"), due,
        name="advance_group_buy",
    )  # fmt: skip


def _locked(buy: str) -> GroupBuy:
    return GroupBuy.objects.select_for_update(of=("self",)).get(public_id=buy)


@part
def _end(row: GroupBuy, by: str, now: datetime, why: str) -> bool:
    if row.state == GroupBuyState.ENDED:
        return False
    _move(row, GroupBuyState.ENDED, by=by, now=now, why=why)
    audit.record(tag="group:ended", by=by, subject=row.public_id, now=now, after={"why": why})
    return True


def _check_price(row: GroupBuy, now: datetime) -> None:
    channel = channel_by_code(row.channels[0]) if row.channels else default_channel()
    offer = offer_by_id(row.sku_id, channel, now) if channel is not None else None
    if offer is None or not offer.state_ok or offer.currency != row.currency:
        raise NotStartable("price")
    if row.price_minor >= offer.unit_minor:
        raise NotStartable("dear")
    if row.price_minor + group_rule(row).subsidy_minor < offer.floor_minor:
        raise NotStartable("floor")


def _move(row: GroupBuy, to: GroupBuyState, *, by: str, now: datetime, why: str) -> None:
    transitions.move(
        GroupBuy, row.pk, from_=[row.state], to=to, now=now, by=by, why=why, state_at=now
    )
    row.state = to
