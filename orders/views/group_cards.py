"""Cards of group buys, and what a product's page says of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language

from catalog.faces import offer_face
from catalog.offers import ChannelView
from catalog.queries import offer as find_offer
from orders.models import GroupBuy
from orders.queries.group_buys import group_buys
from orders.views.line import english


def buys_shown(
    rows: Iterable[GroupBuy], channel: ChannelView, now: datetime
) -> list[dict[str, Any]]:
    """Cards of group buys; one whose good is not sold in the channel has none."""
    shown = []
    for buy in rows:
        offer = find_offer(buy.sku.code, channel, now)
        if offer is None or buy.price_minor >= offer.unit_minor:
            continue
        shown.append(
            {
                "buy": buy, "name": named(buy), "face": offer_face(offer, get_language() or ""),
                "price_minor": buy.price_minor, "alone_minor": offer.unit_minor,
                "currency": offer.currency, "url": reverse("orders:group_buy", args=[buy.slug]),
            }
        )  # fmt: skip
    return shown


def buys_of_goods(
    sku_ids: Sequence[int], channel: ChannelView, now: datetime
) -> list[dict[str, Any]]:
    """Group buys of a product's goods, for its page."""
    return buys_shown(group_buys(channel, now, skus=sku_ids), channel, now) if sku_ids else []


def named(buy: GroupBuy) -> str:
    return (english() and buy.name_en) or buy.name
