"""Group buys that are switched on, and buyers who sit down in them."""

import itertools
from datetime import timedelta
from typing import Any

from catalog.models import Sku
from core import clock
from orders.models import BuyGroup, GroupBuy, Order
from orders.services.groups.group_rule import group_rule, seconds_to_pay, subsidy_sha
from orders.services.groups.run_group_buy import start_group_buy
from orders.services.place_order import Placed
from risk.values import value_index
from tests.factories.orders import item, place

_numbers = itertools.count(1)


def draft_group_buy(sku: Sku, *, price_minor: int = 6000, **more: Any) -> GroupBuy:
    """A draft for groups of three that runs for a day from a minute ago on."""
    now = clock.now()
    told: dict[str, Any] = {
        "slug": f"group-{next(_numbers)}", "name": "三人拼团", "name_en": "Group of three",
        "sku": sku, "price_minor": price_minor, "starts_at": now - timedelta(minutes=1),
        "ends_at": now + timedelta(days=1), "state_at": now, "created_at": now,
        "created_by": "test", **more,
    }  # fmt: skip
    row = GroupBuy(**told)
    row.subsidy_sha = subsidy_sha(row) if row.subsidy_minor else ""
    row.save()
    return row


def make_group_buy(sku: Sku, **more: Any) -> GroupBuy:
    """One in which groups can be opened."""
    row = draft_group_buy(sku, **more)
    start_group_buy(buy=row.public_id, by="test", now=clock.now())
    row.refresh_from_db()
    return row


def place_in_group(
    buy: GroupBuy, contact: str, *, group: BuyGroup | None = None, **more: Any
) -> Placed:
    """An unpaid order with a seat: in that group, or in a new one."""
    known = (value_index("mail", contact).hex()[:32],)
    rule = group_rule(buy, identities=known, until=group.deadline if group else None)
    form: dict[str, Any] = {"contact": contact, "rules": (rule,), "promotions": False, **more}
    if group is not None:
        form["hold_seconds"] = seconds_to_pay(group.deadline, more.get("now") or clock.now())
    return place(item(buy.sku), group=group.public_id if group else "", **form)


def sit_down(buy: GroupBuy, contact: str, **more: Any) -> Order:
    """The order of somebody who opens or joins a group."""
    return Order.objects.get(public_id=place_in_group(buy, contact, **more).order)


def group_of(order: Order) -> BuyGroup:
    """The group in which an order has its seat, as it is now."""
    return BuyGroup.objects.get(seats__order=order)
