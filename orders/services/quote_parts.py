"""Part of road step 2: what is inside a bundle for one buyer, and what of its price each part is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.bundles import PickError, chosen
from catalog.bundles.fields import clean_parts
from catalog.inputs import Cleaned
from catalog.offers import ChannelView, Offer
from catalog.pricing.bundle import split_price
from catalog.queries import part_offers


@dataclass(frozen=True, slots=True)
class QuotePart:
    """A part of one bundle: so many units of an offer for a recipient.

    `list_minor` is what these units cost alone, `share_minor` what of the bundle's unit price is
    for them; minor units.
    """

    offer: Offer
    quantity: int
    values: Mapping[str, str] = field(repr=False)
    masked: str
    list_minor: int
    share_minor: int


def quote_parts(
    *,
    offer: Offer,
    picks: tuple[str, ...],
    inputs: Mapping[str, str],
    channel: ChannelView,
    now: datetime,
) -> tuple[tuple[QuotePart, ...], str]:
    """The parts of one bundle as the buyer chose them, and their recipients masked.

    The shares sum to the offer's unit price (minor units), by largest remainder over what the parts
    cost alone. Raises catalog.bundles.PickError, catalog.inputs.InputError. Source: C3.
    """
    assert offer.bundle is not None, "only a bundle has parts"
    found = part_offers(offer.sku_id, channel, now)
    wanted = [(_sold(found[part.sku_id]), part.quantity) for part in chosen(offer.bundle, picks)]
    every = [one for one in found.values() if one is not None]
    given, masked = clean_parts(every, [one for one, _units in wanted], inputs)
    alone = [one.list_minor * units for one, units in wanted]
    shares = split_price(offer.unit_minor, alone)
    parts = [
        _part(one, units, cleaned, list_minor, share)
        for (one, units), cleaned, list_minor, share in zip(
            wanted, given, alone, shares, strict=True
        )
    ]
    return tuple(parts), masked


def _sold(offer: Offer | None) -> Offer:
    """What is chosen must be there: nothing is left out in silence."""
    if offer is None or not offer.state_ok:
        raise PickError(_("Something you chose is not on sale at the moment."))
    if offer.availability == "out":
        text = _("%(name)s is sold out. Please choose something else.")
        raise PickError(text % {"name": name_of(offer)})
    return offer


def name_of(offer: Offer) -> str:
    """The product's name in the active language."""
    english = (get_language() or "").startswith("en")
    return offer.product_title_en if english else offer.product_title


def _part(
    offer: Offer, units: int, cleaned: Cleaned, list_minor: int, share_minor: int
) -> QuotePart:
    return QuotePart(offer, units, cleaned.values, cleaned.masked, list_minor, share_minor)
