"""Goods that cost their owner nothing: a prize or a code becomes an order of the same road.

The price is a special price of 0 in the one pricing engine, subsidized by a budget that two persons
agreed to; nothing here knows another way to goods.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from catalog.offers import ChannelView, Offer
from catalog.queries import channel_by_code
from catalog.queries import offer as find_offer
from core import clock
from orders.models import Order
from orders.payments.registry import FREE
from orders.prizes import Gift, NotYet
from orders.promotions.rules.special_price import SpecialPrice
from orders.promotions.values import Budget, Group, Measure, Rule
from orders.queries.promotions import used
from orders.services.place_order import (
    FormReused,
    LimitReached,
    NotBuyable,
    Placed,
    PriceChanged,
    Refused,
    SoldOut,
    Wanted,
    place_order,
)
from orders.services.quote import Buyer, Item, Quote, quote
from orders.services.start_payment import NotPayable, start_payment
from orders.states import OrderState

TERMS_VERSION = "gift"
MOST_TURNS = 50


@dataclass(frozen=True, slots=True)
class _Cart:
    channel: ChannelView
    item: Item
    rule: Rule
    priced: Quote


def give_goods(*, gift: Gift, now: datetime) -> str:
    """Order the goods for nothing; the order's public id. Raises NotYet. Source: M5, M9."""
    return order_goods(gift=gift, now=now).order


def order_goods(*, gift: Gift, now: datetime) -> Placed:
    """Place and confirm the free order of this gift, once, however often it is called.

    An order that was closed before it was confirmed is followed by another one. Raises NotYet with
    the reason when the goods cannot be had now; then nothing has happened.
    """
    token, cart = _token(gift.key), _cart(gift, now)
    if not Order.objects.filter(form_token=token).exists() and (why := _hindrance(cart)):
        raise NotYet(why)
    if not gift.contact:
        raise NotYet(_("There is no verified contact to send it to."))
    wanted = Wanted(
        channel=cart.channel, items=[cart.item], contact_kind=gift.contact_kind,
        contact=gift.contact, form_token=token, provider=FREE, language=gift.language,
        terms_version=TERMS_VERSION, consent=True, ip=gift.ip, shown=cart.priced.fingerprint,
        user_id=gift.user_id, owner=gift.owner, attribution=gift.source, rules=(cart.rule,),
        promotions=False,
    )  # fmt: skip
    try:
        placed = place_order(wanted=wanted, now=now, acting="system")
    except (NotBuyable, PriceChanged, Refused, LimitReached, SoldOut, FormReused) as no:
        raise NotYet(_why(no)) from no
    _confirm(placed)
    return placed


def goods_hindrance(*, gift: Gift, now: datetime) -> str:
    """Why the goods could not be had at this moment, in words; "" when they can."""
    try:
        return _hindrance(_cart(gift, now))
    except NotYet as no:
        return str(no)


def goods_problem(prize: Any, channel_code: str) -> str:
    """Why a SKU cannot be given away: it asks the buyer something, is not on sale, or costs more.

    `prize` has `sku`, `amount` and `cost_minor`, minor units for all of it.
    """
    if prize.sku is None:
        return _("Choose a SKU.")
    channel = channel_by_code(channel_code)
    offer = find_offer(prize.sku.code, channel, clock.now()) if channel else None
    return _offer_problem(offer, prize.amount, prize.cost_minor)


def _offer_problem(offer: Offer | None, quantity: int, cost_minor: int) -> str:
    if offer is None or not offer.state_ok:
        return _("This is not on sale in that channel.")
    if offer.inputs or (offer.bundle is not None and offer.bundle.offers_choice):
        return _("Goods that ask the buyer for something cannot be given away so.")
    if offer.floor_minor * quantity > cost_minor:
        return _("The cost must be at least the floor of its price.")
    return ""


def _cart(gift: Gift, now: datetime) -> _Cart:
    channel = channel_by_code(gift.channel)
    if channel is None:
        raise NotYet(_("This is not on sale in that channel."))
    key = f"promo:{gift.source}:subsidy"
    left = max(0, gift.budget_minor - used([key]).get(key, 0))
    rule = Rule(
        id=gift.source, group=Group.PRICE, terms=SpecialPrice(0), subsidy_minor=left,
        title=gift.title, title_en=gift.title_en,
        budgets=(Budget(key, gift.budget_minor, Measure.SUBSIDY),),
    )  # fmt: skip
    item, buyer = Item(gift.sku_code, gift.amount), Buyer(gift.owner, user_id=gift.user_id)
    priced = quote(items=[item], channel=channel, buyer=buyer, now=now, rules=[rule])
    return _Cart(channel, item, rule, priced)


def _hindrance(cart: _Cart) -> str:
    if cart.priced.problems:
        return " ".join(problem.message for problem in cart.priced.problems)
    if cart.priced.total_minor:
        # Nobody pays for a gift: a floor that rose above the budget is for staff to look at.
        return _("The goods cost more by now than their budget has.")
    return ""


def _token(key: str) -> str:
    """The form of the order for this key: the next one when the one before came to nothing."""
    for turn in range(MOST_TURNS):
        token = f"{key}:{turn}"
        if not Order.objects.filter(form_token=token, state=OrderState.CLOSED).exists():
            return token
    raise NotYet(_("Its orders were closed again and again."))


def _confirm(placed: Placed) -> None:
    try:
        start_payment(order=placed.order, provider=FREE, now=clock.now(), acting="system")
    except NotPayable:
        state = Order.objects.values_list("state", flat=True).get(public_id=placed.order)
        if state in (OrderState.PENDING_PAYMENT, OrderState.CLOSED):
            raise NotYet(_("The order was not confirmed in time.")) from None


def _why(no: Exception) -> str:
    if isinstance(no, NotBuyable):
        return " ".join(problem.message for problem in no.quote.problems)
    if isinstance(no, SoldOut):
        return _("There are not enough left.")
    if isinstance(no, LimitReached):
        return no.message
    if isinstance(no, Refused):
        return str(no.assessment.message)
    return _("It cannot be ordered as it is set up.")
