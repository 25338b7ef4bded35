"""What an outside channel may buy, at its price, and how much of it there is for it."""

from collections.abc import Iterator
from datetime import datetime

from catalog.offers import Offer
from catalog.queries import channel_by_code, on_sale
from catalog.states import Availability, DeliveryKind
from distribution.marketplaces.goods import is_sold_here
from distribution.models import Marketplace
from distribution.models.marketorder import MarketKind
from fulfillment.queries.shares import units_open_to

GOODS_A_PAGE = 50
UNLIMITED = -1
#: More is not counted: the channel learns that there is plenty.
MOST_COUNTED = 1000


def goods_after(market: Marketplace, after: str, now: datetime) -> list[Offer]:
    """The next goods by their code, one more than a page holds when there are more."""
    channel = channel_by_code(market.channel.code)
    if channel is None:
        return []
    offers = [offer for page in on_sale(channel, now) for offer in page.offers if _fits(offer)]
    found = sorted((one for one in offers if one.sku_code > after), key=lambda one: one.sku_code)
    return found[: GOODS_A_PAGE + 1]


def stock_of(offer: Offer, market: Marketplace, now: datetime) -> int:
    """Units the channel could have now, of its share and of what is free; -1 for goods not counted."""
    if offer.availability == Availability.OUT:
        return 0
    if offer.delivery_kind != DeliveryKind.POOL:
        return UNLIMITED
    return units_open_to(offer.sku_id, market.channel.code, now=now, at_most=MOST_COUNTED)


def _fits(offer: Offer) -> bool:
    return bool(offer.unit_minor) and any(is_sold_here(offer, kind) for kind in _kinds())


def _kinds() -> Iterator[str]:
    return (str(kind) for kind in MarketKind)
