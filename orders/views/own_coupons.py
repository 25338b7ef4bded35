"""The coupons of the buyer on the checkout page: which one is used, and why another is not."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.utils.translation import gettext as _

from core.money import format_minor
from orders.promotions.engine import price_cart
from orders.promotions.hints import hints, sum_for
from orders.promotions.rules.base import View
from orders.promotions.values import Cart, Line, Rule
from orders.queries.coupons import Usable, own_coupons
from orders.queries.promotions import LivePromotion, live
from orders.services.coupons.find_coupons import BEST, NONE
from orders.services.find_rules import facts_for, find_rules
from orders.services.promote import engine_cart
from orders.services.quote import Quote
from orders.views.cart import buyer_of, channel_of
from orders.views.line import english

LONGEST = 24
MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class CouponChoice:
    """One radio button: its value, what it says, and why it does nothing here ("" when it may)."""

    value: str
    title: str
    text: str
    checked: bool
    idle: bool = False


def chosen_coupon(request: HttpRequest) -> str:
    """What the form says about coupons: the best (nothing said), none, or one by its id."""
    return (request.POST or request.GET).get("coupon", BEST)[:LONGEST]


def coupon_choices(request: HttpRequest, priced: Quote, *, now: datetime) -> list[CouponChoice]:
    """The radio list: every coupon of the buyer, and none; empty without any coupon."""
    buyer, channel = buyer_of(request), channel_of(request)
    own = own_coupons(buyer.user, now)[:MOST_SHOWN]
    if not own:
        return []
    used = set(priced.coupons)
    choice = chosen_coupon(request)
    rules = {
        coupon.id: find_rules(channel=channel, buyer=buyer, codes=(), now=now, coupon=coupon.id)
        for coupon in own
    }
    every = [rule for found in rules.values() for rule in found]
    facts = facts_for(channel=channel, buyer=buyer, rules=every, now=now)
    bought = [line for line in priced.lines if not line.is_gift]
    shown = [
        _shown(
            coupon, engine_cart(bought, rules=rules[coupon.id], facts=facts), priced.currency,
            checked=coupon.id in used,
        )
        for coupon in own
    ]  # fmt: skip
    nothing = not used
    if choice not in (BEST, NONE) and nothing:
        # The one that was chosen stays marked, with its reason.
        shown = [_marked(one, choice) for one in shown]
        nothing = not any(one.checked for one in shown)
    return [*shown, CouponChoice(NONE, _("No coupon"), "", checked=nothing)]


def _marked(one: CouponChoice, choice: str) -> CouponChoice:
    return CouponChoice(one.value, one.title, one.text, one.value == choice, one.idle)


def _shown(coupon: Usable, cart: Cart, currency: str, *, checked: bool) -> CouponChoice:
    promotion = live().by_id.get(coupon.promotion)
    title = _title(promotion)
    if checked:
        return CouponChoice(coupon.id, title, _("Used in this order"), checked=True)
    rule = next((one for one in cart.rules if one.coupon == coupon.id), None)
    why = why_not(rule, cart, currency)
    if why:
        return CouponChoice(coupon.id, title, why, checked=False, idle=True)
    return CouponChoice(coupon.id, title, _("Can be used instead"), checked=False)


def _title(promotion: LivePromotion | None) -> str:
    if promotion is None:
        return _("Coupon")
    return (english() and promotion.title_en) or promotion.title


def why_not(rule: Rule | None, cart: Cart, currency: str) -> str:
    """Why a coupon does nothing for this cart, in the reader's language; "" when it does."""
    if rule is None:
        return _("Not to be used at the moment, or not here.")
    if not rule.who.includes(cart.facts):
        if rule.who.first_order and not cart.facts.first_order:
            return _("For a first order only.")
        return _("For members of a higher level.")
    covered = [line for line in cart.lines if rule.scope.covers(line)]
    if not covered:
        return _("Not for these goods.")
    if short := _short(rule, cart):
        return _("%(sum)s more, and it can be used.") % {"sum": format_minor(short, currency)}
    views = [_view(line) for line in covered]
    gives = any(rule.terms.offs(views)) or rule.terms.gift(views) is not None
    return "" if gives else _("It takes nothing off these goods.")


def _short(rule: Rule, cart: Cart) -> int:
    """Minor units missing to where it begins, as the cart says it too: other offers take theirs first."""
    priced = price_cart(cart)
    less = int(rule.terms.params().get("from_minor", 0)) - sum_for(cart, priced, rule)
    if less <= 0:
        return 0
    told = next((hint for hint in hints(cart, priced) if hint.rule == rule.id), None)
    return told.missing_minor or less if told else less


def _view(line: Line) -> View:
    amount = line.unit_minor * line.quantity
    return View(line.quantity, amount, max(0, amount - line.floor_minor * line.quantity))
