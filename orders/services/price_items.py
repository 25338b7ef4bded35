"""What goods cost a buyer now, with every promotion for them: the seam for pages and for programs."""

from collections.abc import Sequence
from datetime import datetime

from catalog.offers import ChannelView
from orders.services.coupons.find_coupons import BEST
from orders.services.find_rules import Buyer, find_rules
from orders.services.points.points_rule import points_rule
from orders.services.quote import Item, Quote, quote


def price_items(
    *,
    items: Sequence[Item],
    channel: ChannelView,
    buyer: Buyer,
    now: datetime,
    codes: Sequence[str] = (),
    coupon: str = BEST,
    points: int = 0,
) -> Quote:
    """The quote of these goods for a buyer in a channel; minor units of the channel's currency.

    `codes` were typed, `coupon` says which of the buyer's own is used, `points` how many at most.
    Placing the order prices again by the same rules and compares. Source: M10.
    """
    rules = find_rules(channel=channel, buyer=buyer, codes=codes, coupon=coupon, now=now)
    rules += points_rule(owner=buyer.user, asked=points, now=now)
    return quote(items=items, channel=channel, buyer=buyer, now=now, rules=rules)
