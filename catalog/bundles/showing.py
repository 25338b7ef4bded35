"""What a bundle's page says of its inside."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from catalog.bundles.fields import asked
from catalog.bundles.values import Group, Part
from catalog.faces import Face, offer_face
from catalog.inputs import InputSpec
from catalog.offers import ChannelView, Offer
from catalog.queries import part_offers


@dataclass(frozen=True, slots=True)
class PartShown:
    """A part in the reader's language; `minor` is what its units cost alone."""

    code: str
    face: Face
    title: str
    sku_title: str
    url: str
    units: int
    minor: int
    currency: str
    guide: str
    out: bool


@dataclass(frozen=True, slots=True)
class GroupShown:
    """A group: all of it (`choose` is None), or as many as the buyer chooses."""

    title: str
    choose: int | None
    parts: tuple[PartShown, ...]


@dataclass(frozen=True, slots=True)
class FieldFor:
    """A field, and the SKU codes it is for; `always` when one of them is inside whatever is chosen."""

    spec: InputSpec
    codes: tuple[str, ...]
    names: tuple[str, ...]
    always: bool


def inside(
    offer: Offer, channel: ChannelView, now: datetime, language: str
) -> tuple[GroupShown, ...]:
    """The groups of a bundle's offer; none for other goods."""
    if offer.bundle is None:
        return ()
    found = part_offers(offer.sku_id, channel, now)
    return tuple(_group(group, found, language) for group in offer.bundle.groups)


def fields_for(
    offer: Offer, channel: ChannelView, now: datetime, language: str
) -> tuple[FieldFor, ...]:
    """What is asked for the parts of a bundle, the same kind once."""
    if offer.bundle is None:
        return ()
    found = part_offers(offer.sku_id, channel, now)
    offers = {one.sku_code: one for one in found.values() if one is not None}
    fixed = {
        part.sku_code
        for group in offer.bundle.groups
        if group.choose is None
        for part in group.parts
    }
    return tuple(
        FieldFor(
            field.spec,
            field.sku_codes,
            tuple(_title(offers[code], language) for code in field.sku_codes),
            bool(fixed.intersection(field.sku_codes)),
        )
        for field in asked(tuple(offers.values()))
    )


def _group(group: Group, found: dict[int, Offer | None], language: str) -> GroupShown:
    shown = [
        _part(part, one, language)
        for part in group.parts
        if (one := found[part.sku_id]) is not None
    ]
    english = language.startswith("en")
    return GroupShown(
        (group.name_en if english else group.name) or group.name, group.choose, tuple(shown)
    )


def _part(part: Part, offer: Offer, language: str) -> PartShown:
    address = reverse("catalog:product", args=[offer.product_slug])
    return PartShown(
        code=part.sku_code,
        face=offer_face(offer, language),
        title=_title(offer, language),
        sku_title=offer.sku_title_en if language.startswith("en") else offer.sku_title,
        url=f"{address}?sku={part.sku_code}",
        units=part.quantity,
        minor=offer.list_minor * part.quantity,
        currency=offer.currency,
        guide=offer.guide_en if language.startswith("en") else offer.guide,
        out=offer.availability == "out" or not offer.state_ok,
    )


def _title(offer: Offer, language: str) -> str:
    return offer.product_title_en if language.startswith("en") else offer.product_title
