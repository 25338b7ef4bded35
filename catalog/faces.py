"""Card faces and product cards: what the parts of the look want, made from offers."""

from dataclasses import dataclass

from django.urls import reverse

from catalog.offers import Offer, ProductPage
from core.money import SYMBOLS


@dataclass(frozen=True, slots=True)
class Face:
    """A card face drawn from data alone (see templates/parts/card_face.html)."""

    hue: int
    brand: str
    title: str
    value: str
    kind: str


@dataclass(frozen=True, slots=True)
class Card:
    """A product in a grid (see templates/parts/item.html)."""

    url: str
    title: str
    text: str
    face: Face
    minor: int
    currency: str
    was_minor: int | None
    several: bool
    tag: str
    out: bool


def offer_face(offer: Offer, language: str) -> Face:
    """The face of a SKU in the reader's language."""
    english = language.startswith("en")
    brand = offer.brand_en if english else offer.brand
    title = offer.product_title_en if english else offer.product_title
    return Face(
        hue=offer.hue // 5 * 5,
        brand=brand,
        title=without_brand(title, brand),
        value=face_value(offer, language),
        kind=offer.delivery_kind,
    )


def product_card(page: ProductPage, language: str) -> Card:
    """A product as it stands in a grid, led by its cheapest offer that can be had."""
    english = language.startswith("en")
    lead = page.lowest
    if lead is None:
        raise ValueError("a page without offers is not shown")
    brand = page.brand_en if english else page.brand
    title = page.title_en if english else page.title
    several = len(page.offers) > 1
    value = (page.title_en if english else page.title) if several else ""
    face = offer_face(lead, language)
    if several:
        face = Face(face.hue, brand, without_brand(value, brand), _range(page, language), face.kind)
    tag = page.tags[0] if page.tags else None
    return Card(
        url=reverse("catalog:product", args=[page.slug]),
        title=title,
        text=page.summary_en if english else page.summary,
        face=face,
        minor=lead.unit_minor,
        currency=lead.currency,
        was_minor=lead.market_minor,
        several=several,
        tag=(tag.name_en if english else tag.name) if tag else "",
        out=page.is_sold_out,
    )


def face_value(offer: Offer, language: str) -> str:
    """What stands largest on the card: the amount of a money card, else the SKU's name."""
    if _is_money(offer):
        return _amount(offer)
    return offer.sku_title_en if language.startswith("en") else offer.sku_title


def without_brand(title: str, brand: str) -> str:
    """The product's name without the brand it starts with; the name when nothing else is left."""
    shorter = title[len(brand) :].strip(" -·") if title.lower().startswith(brand.lower()) else title
    return shorter or title


def _is_money(offer: Offer) -> bool:
    """Whether the SKU is named after its face value: 100元, CNY 100."""
    if not offer.face_minor or offer.face_minor % 100:
        return False
    return offer.sku_title == f"{offer.face_minor // 100}元"


def _amount(offer: Offer) -> str:
    return f"{SYMBOLS[offer.currency]}{(offer.face_minor or 0) // 100}"


def _range(page: ProductPage, language: str) -> str:
    money = [offer for offer in page.offers if _is_money(offer)]
    if len(money) == len(page.offers):
        low = min(money, key=lambda offer: offer.face_minor or 0)
        high = max(money, key=lambda offer: offer.face_minor or 0)
        return f"{_amount(low)}–{(high.face_minor or 0) // 100}"
    lead = page.lowest
    return face_value(lead, language) if lead else ""
