"""Purchase limits that count uses: per buyer, per phone, per day (C2, R-STK-5).

They are budgets in PostgreSQL, taken in the transaction that places the order, given back when it
closes or its units are refunded, and taken again when late money is honoured.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from catalog.states import WhoMayBuy
from core import limits
from core.faults import guard_off
from core.tx import part
from orders.models import Order
from orders.services.balance.pay_balance import hold_balance_again
from orders.services.expand_lines import Take
from orders.services.flash.give_back_flash import give_back_flash
from orders.services.flash.take_flash import take_flash_again
from orders.services.groups.take_seat import refuse_late_seat
from orders.services.limit_reached import LimitReached, PromotionUsedUp
from orders.services.points.pay_points import hold_points_again
from orders.services.quote import Quote
from orders.services.standing_limits import standing_limits
from orders.states import PAID_SIDE

__all__ = [
    "LimitReached", "PromotionUsedUp", "give_back_limits", "limit_takes", "refuse_old_buyers",
    "take_limits", "take_limits_again",
]  # fmt: skip


def limit_takes(takes: Sequence[Take], *, person: str, now: datetime) -> list[dict[str, Any]]:
    """What an order takes from counted limits, sorted by key (the lock order), as plain values."""
    wanted: dict[str, dict[str, Any]] = {}
    units: dict[str, int] = defaultdict(int)
    day = localtime(now).strftime("%Y%m%d")
    for take in takes:
        offer, rules = take.offer, take.offer.limits
        recipient = take.target.hex()[:32] if take.target else person
        keys = (
            (rules.per_buyer, f"limit:buyer:{offer.sku_id}:{person}"),
            (rules.per_phone, f"limit:phone:{offer.sku_id}:{recipient}"),
            (rules.per_day, f"limit:day:{offer.sku_id}:{person}:{day}"),
        )
        for limit, key in keys:
            if limit is None:
                continue
            units[key] += take.units
            wanted[key] = {"key": key, "limit": limit, "sku": offer.sku_code, "units": units[key]}
    return [wanted[key] for key in sorted(wanted)]


@part
def take_limits(takes: Sequence[dict[str, Any]], *, live: bool = True) -> None:
    """Take them all; the surrounding transaction must be rolled back when one is used up.

    Late money (`live` false) is served by promotions that have ended since, within their limits.
    Raises LimitReached; of it PromotionUsedUp for a promotion's budget.
    """
    for take in standing_limits(takes, live=live):
        if guard_off("orders.limits"):
            continue
        if not limits.take(take["key"], units=take["units"], limit=take["limit"]):
            if "rule" in take:
                raise PromotionUsedUp(_("This offer was just used up."))
            text = _("You have reached the limit of %(limit)s for this item.")
            raise LimitReached(text % {"limit": take["limit"]}, sku_code=take["sku"])


@part
def give_back_limits(order: Order) -> None:
    """Give back what a locked order has taken, once: it came to nothing.

    What it was stays written down, in case its money comes after all.
    """
    taken = [take for take in order.budgets if not take.get("back")]
    for take in taken:
        limits.give_back(take["key"], units=take["units"])
    if taken:
        _note(order, back=True)
    give_back_flash(order)


@part
def take_limits_again(order_pk: int, *, now: datetime) -> bool:
    """Take for a locked order what it had given back; False when a limit, points or balance are gone."""
    order = Order.objects.only("budgets").get(pk=order_pk)
    try:
        with transaction.atomic():
            take_limits([take for take in order.budgets if take.get("back")], live=False)
            take_flash_again(order_pk)
            refuse_late_seat(order_pk)
            hold_points_again(order_pk, now=now)
            hold_balance_again(order_pk, now=now)
    except LimitReached:
        return False
    _note(order, back=False)
    return True


def _note(order: Order, *, back: bool) -> None:
    order.budgets = [{**take, "back": back} for take in order.budgets]
    Order.objects.filter(pk=order.pk).update(budgets=order.budgets)


def refuse_old_buyers(priced: Quote, *, user_id: int | None, contact_index: bytes) -> None:
    """Goods for new buyers are not for somebody who has paid here before. Raises LimitReached."""
    for offer in (offer for line in priced.lines for offer in line.offers):
        if offer.limits.who != WhoMayBuy.NEW_BUYERS:
            continue
        same = Q(contact_index=contact_index)
        if user_id is not None:
            same |= Q(user_id=user_id)
        if Order.objects.filter(same, state__in=PAID_SIDE).exists():
            raise LimitReached(_("This is for new customers only."), sku_code=offer.sku_code)
