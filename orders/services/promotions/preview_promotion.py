"""What a cart would cost with a promotion that is not switched on yet: the same road, the same engine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.offers import ChannelView, Offer
from orders.models import Promotion
from orders.promotions.engine import price_cart
from orders.promotions.rules.amount_off import AmountOff
from orders.promotions.rules.base import BadTerms
from orders.promotions.rules.gift_with import GiftWith
from orders.promotions.rules.nth_unit import NthUnit
from orders.promotions.rules.percent_off import PercentOff
from orders.promotions.rules.several_for import SeveralFor
from orders.promotions.values import Rule
from orders.promotions.why_not import Because, why_not
from orders.queries.promotion_goods import goods_of
from orders.queries.promotions import live_promotion
from orders.services.find_rules import Buyer, facts_for, find_rules, rule_of
from orders.services.promote import engine_cart
from orders.services.quote import Item, Quote, quote

# Somebody who has an account and has never bought.
SOMEBODY = "usr_0000000000000000"
MOST_ITEMS = 5
USUAL_ITEMS = 3


@dataclass(frozen=True, slots=True)
class Preview:
    """The quote, what the new rule is, and why others had no part. Money as in the quote."""

    quote: Quote
    rule: Rule | None
    others: tuple[Rule, ...]
    losers: tuple[tuple[Rule, Because], ...]
    # What the same cart costs without the new promotion.
    before_minor: int


def preview_promotion(
    *,
    row: Promotion,
    items: Sequence[Item],
    channel: ChannelView,
    level: int,
    at: datetime,
    codes: Sequence[str] = (),
) -> Preview:
    """Price a cart at a moment with `row`, stored or not, beside everything that applies
    by itself and the codes that somebody types (`codes`).

    Its subsidy counts as if it were agreed to, and its code as typed. Nothing is written. Raises
    orders.promotions.rules.base.BadTerms. Source: M10.
    """
    buyer = Buyer(SOMEBODY if level else "", level=level)
    running = find_rules(channel=channel, buyer=buyer, codes=codes, now=at)
    others = [rule for rule in running if rule.id != row.public_id]
    told = replace(live_promotion(row), subsidy_minor=row.subsidy_minor)
    fits = told.currency == channel.currency
    rule = rule_of(told, channel=channel, buyer=buyer, now=at) if fits else None
    rules = [*others, rule] if rule else others
    asked = {"items": items, "channel": channel, "buyer": buyer, "now": at}
    found = quote(**asked, rules=rules)  # type: ignore[arg-type]
    before = quote(**asked, rules=others)  # type: ignore[arg-type]
    losers = _losers(found, rules, channel, buyer, at)
    return Preview(found, rule, tuple(others), losers, before.total_minor)


def usual_items(row: Promotion, channel: ChannelView, at: datetime) -> list[Item]:
    """Three goods it is about, of different products where there are; dear and many enough to apply."""
    offers = [one for one in goods_of(row, channel, at) if one.availability != "out"]
    units, each = _enough(row)
    chosen: dict[int, Offer] = {}
    for one in sorted(offers, key=lambda one: (one.unit_minor < each, abs(one.unit_minor - each))):
        chosen.setdefault(one.product_id, one)
    order = [one.sku_code for one in offers]
    few = sorted(chosen.values(), key=lambda one: order.index(one.sku_code))[:USUAL_ITEMS]
    if len(few) < USUAL_ITEMS:
        few = [*few, *(one for one in offers if one not in few)][:USUAL_ITEMS]
    return [
        Item(one.sku_code, min(units if place == 0 else 1, one.limits.per_order))
        for place, one in enumerate(few)
    ]


def _enough(row: Promotion) -> tuple[int, int]:
    """Units of the first good, and what each good costs at the least, for the terms to be reached."""
    try:
        terms = live_promotion(row).terms
    except BadTerms:
        return 1, 0
    if isinstance(terms, NthUnit):
        return max(1, terms.nth - 2), 0
    if isinstance(terms, SeveralFor):
        return max(1, terms.units - 2), 0
    if isinstance(terms, AmountOff):
        return 1, -(-terms.steps[0][0] // USUAL_ITEMS)
    if isinstance(terms, GiftWith):
        return max(1, terms.from_units - 2), -(-terms.from_minor // USUAL_ITEMS)
    return 1, -(-terms.from_minor // USUAL_ITEMS) if isinstance(terms, PercentOff) else 0


def _losers(
    found: Quote, rules: Sequence[Rule], channel: ChannelView, buyer: Buyer, at: datetime
) -> tuple[tuple[Rule, Because], ...]:
    bought = [line for line in found.lines if not line.is_gift]
    facts = facts_for(channel=channel, buyer=buyer, rules=rules, now=at)
    cart = engine_cart(bought, rules=rules, facts=facts)
    priced = price_cart(cart)
    used = {one.rule for one in priced.used}
    return tuple((rule, why_not(cart, priced, rule)) for rule in rules if rule.id not in used)
