"""The goods a promotion is about, and which of them it would sell under their floor."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from catalog.offers import ChannelView, Offer
from catalog.queries import on_sale
from catalog.snapshot import current
from orders.models import Promotion
from orders.promotions.rules.amount_off import AmountOff
from orders.promotions.rules.base import Terms, View
from orders.promotions.rules.gift_with import GiftWith
from orders.promotions.rules.nth_unit import NthUnit
from orders.promotions.rules.percent_off import PercentOff
from orders.promotions.rules.registry import read_terms
from orders.promotions.rules.several_for import SeveralFor
from orders.promotions.values import Line, Scope

MOST_TOLD = 200


@dataclass(frozen=True, slots=True)
class Deepest:
    """A good at its cheapest; minor units, for one unit. Under its floor when `under_minor` > 0."""

    offer: Offer
    channel: str
    paid_minor: int

    @property
    def under_minor(self) -> int:
        return self.offer.floor_minor - self.paid_minor


def channels_of(row: Promotion) -> list[ChannelView]:
    """The channels in which the promotion applies."""
    return sorted(
        (
            view
            for view in current().channels.values()
            if view.currency == row.currency and (not row.channels or view.code in row.channels)
        ),
        key=lambda view: view.id,
    )


def goods_of(row: Promotion, channel: ChannelView, now: datetime) -> list[Offer]:
    """What it is about in a channel, as far as it can be bought there, in shelf order."""
    scope = Scope(frozenset(row.goods), frozenset(row.goods_left_out))
    found = []
    for page in on_sale(channel, now):
        found += [one for one in page.offers if one.state_ok and scope.covers(line_of(one, 1))]
    return found


def line_of(offer: Offer, quantity: int) -> Line:
    """An offer as the engine's line."""
    return Line(offer.sku_code, offer.names, quantity, offer.unit_minor, offer.floor_minor)


def breaches(row: Promotion, *, now: datetime) -> list[Deepest]:
    """Goods in scope that it would push under their floor at its deepest, by how much.

    Raises BadTerms. Source: C7, M10.
    """
    return [one for one in deepest(row, now=now) if one.under_minor > 0][:MOST_TOLD]


def deepest(row: Promotion, *, now: datetime) -> list[Deepest]:
    """What each good in scope would cost at the least, the nearest to its floor first.

    Looked at on the day it starts; several units of one good, or that good in a cart which just
    reaches the sum; without any floor. Raises BadTerms.
    """
    terms = read_terms(row.kind, row.params)
    at = max(now, row.starts_at) if row.starts_at else now
    found: dict[str, Deepest] = {}
    for channel in channels_of(row):
        for breach in _in(channel, terms, row, at):
            known = found.get(breach.offer.sku_code)
            if known is None or breach.under_minor > known.under_minor:
                found[breach.offer.sku_code] = breach
    return sorted(found.values(), key=lambda one: (-one.under_minor, one.offer.sku_code))


def _in(channel: ChannelView, terms: Terms, row: Promotion, at: datetime) -> Iterable[Deepest]:
    if isinstance(terms, GiftWith):
        gifts = [one for page in on_sale(channel, at) for one in page.offers]
        for offer in gifts:
            if offer.sku_code == terms.sku_code:
                yield Deepest(offer, channel.code, 0)
        return
    for offer in goods_of(row, channel, at):
        paid = min(_unit_paid(offer, units, total, terms) for units, total in _carts(terms))
        yield Deepest(offer, channel.code, paid)


def _carts(terms: Terms) -> list[tuple[int, int]]:
    """Carts in which the terms give most: units of the good, and the sum the cart reaches."""
    if isinstance(terms, NthUnit):
        return [(terms.nth, 0)]
    if isinstance(terms, SeveralFor):
        return [(terms.units, 0)]
    if isinstance(terms, AmountOff):
        return [(1, start) for start, _off in terms.steps]
    return [(1, terms.from_minor if isinstance(terms, PercentOff) else 0)]


def _unit_paid(offer: Offer, units: int, total_minor: int, terms: Terms) -> int:
    """What one unit costs then, rounded down; what else is in the cart costs the rest of the sum."""
    amount = offer.unit_minor * units
    views = [View(units, amount, amount)]
    if total_minor > amount:
        views.append(View(1, total_minor - amount, total_minor - amount))
    off = min(terms.offs(views)[0], amount)
    return (amount - off) // units
