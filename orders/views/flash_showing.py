"""What the pages of flash sales show."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from catalog.faces import offer_face
from catalog.offers import ChannelView
from catalog.queries import offer as find_offer
from catalog.views.product import fields_of
from orders.models import FlashSale
from orders.queries.flash import Left, left
from orders.services.find_rules import Buyer
from orders.services.flash.flash_rule import flash_rule
from orders.services.quote import Item, quote
from orders.states import FlashState


def is_open(sale: FlashSale, now: datetime) -> bool:
    """Whether somebody may order at this moment."""
    return sale.state != FlashState.ENDED and sale.starts_at <= now < sale.ends_at


def phase_of(sale: FlashSale, now: datetime, units: Left) -> str:
    """soon, open, back (all taken, some unpaid), gone or over."""
    if sale.state == FlashState.ENDED or now >= sale.ends_at:
        return "over"
    if now < sale.starts_at:
        return "soon"
    if units.free:
        return "open"
    return "back" if units.held else "gone"


def page_context(
    sale: FlashSale, channel: ChannelView, now: datetime, *, buyer: Buyer | None = None
) -> dict[str, Any]:
    """What orders/flash.html reads; the price is the pricing engine's, at the start if it is to come.

    For a buyer when the page is theirs alone: their level may have a price below the sale's.
    """
    language = get_language() or ""
    at, units = max(now, sale.starts_at), left(sale.pk, now)
    offer = find_offer(sale.sku.code, channel, now)
    item = Item(sale.sku.code, 1)
    priced = quote(
        items=[item], channel=channel, buyer=buyer or Buyer(), now=at, rules=[flash_rule(sale)]
    )
    return {
        "sale": sale,
        "name": named(sale, language),
        "phase": phase_of(sale, now, units) if offer is not None else "over",
        "units": units,
        "taken_percent": (sale.units - units.free) * 100 // sale.units,
        "offer": offer,
        "face": offer_face(offer, language) if offer is not None else None,
        "fields": fields_of(offer, channel, now, language) if offer is not None else [],
        "price_minor": priced.total_minor,
        "list_minor": priced.list_total_minor,
        "currency": priced.currency,
        "fingerprint": priced.fingerprint,
        "typed": {},
        "minutes": max(1, sale.hold_seconds // 60),
    }


def sales_shown(
    rows: Iterable[FlashSale], channel: ChannelView, now: datetime, language: str
) -> list[dict[str, Any]]:
    """Cards of sales; one whose good is not sold in the channel has none."""
    shown = []
    for sale in rows:
        offer = find_offer(sale.sku.code, channel, now)
        if offer is None:
            continue
        units = left(sale.pk, now)
        shown.append(
            {
                "slug": sale.slug, "name": named(sale, language), "sale": sale, "offer": offer,
                "face": offer_face(offer, language), "phase": phase_of(sale, now, units),
                "price_minor": min(sale.price_minor, offer.unit_minor), "units": units,
                "list_minor": max(offer.list_minor, offer.market_minor or 0),
                "currency": offer.currency,
                "taken_percent": (sale.units - units.free) * 100 // sale.units,
            }
        )  # fmt: skip
    return shown


def named(sale: FlashSale, language: str) -> str:
    """The sale's name in the reader's language."""
    return (sale.name_en or sale.name) if language.startswith("en") else sale.name
