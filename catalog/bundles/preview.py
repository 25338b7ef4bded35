"""What a bundle's price comes to for each part, as the back office shows it."""

from dataclasses import dataclass
from datetime import datetime

from catalog.bundles.values import Bundle, Group
from catalog.offers import ChannelView, Offer
from catalog.pricing.bundle import split_price
from catalog.queries import offer_by_id, part_offers


@dataclass(frozen=True, slots=True)
class PartPreview:
    """A part of the dearest choice; amounts are for its units in one bundle, in minor units."""

    code: str
    title: str
    units: int
    list_minor: int
    cost_minor: int
    share_minor: int
    chosen: bool

    @property
    def margin_minor(self) -> int:
        return self.share_minor - self.cost_minor


@dataclass(frozen=True, slots=True)
class Preview:
    """The dearest choice of a bundle: the least that is earned on it."""

    parts: tuple[PartPreview, ...]
    price_minor: int
    list_minor: int
    cost_minor: int
    currency: str

    @property
    def margin_minor(self) -> int:
        return self.price_minor - self.cost_minor


def preview(sku_id: int, channel: ChannelView, now: datetime) -> Preview | None:
    """The split of the price in a channel; None without a price, contents, or a part's own price."""
    offer = offer_by_id(sku_id, channel, now)
    if offer is None or offer.bundle is None:
        return None
    found = part_offers(sku_id, channel, now)
    taken = _dearest(offer.bundle, found)
    known = [(units, one, chosen) for units, one, chosen in taken if one is not None]
    if len(known) != len(taken):
        return None
    alone = [one.list_minor * units for units, one, _chosen in known]
    shares = split_price(offer.unit_minor, alone)
    parts = tuple(
        PartPreview(
            one.sku_code, f"{one.product_title} {one.sku_title}", units, list_minor,
            (one.cost_minor or 0) * units, share, chosen,
        )
        for (units, one, chosen), list_minor, share in zip(known, alone, shares, strict=True)
    )  # fmt: skip
    cost = sum(part.cost_minor for part in parts)
    return Preview(parts, offer.unit_minor, sum(alone), cost, offer.currency)


def _dearest(
    bundle: Bundle, found: dict[int, Offer | None]
) -> list[tuple[int, Offer | None, bool]]:
    """Units and offer of each part of the choice that costs most, and whether it is a choice."""
    taken: list[tuple[int, Offer | None, bool]] = []
    for group in bundle.groups:
        chosen = group.choose is not None
        taken += [(units, one, chosen) for units, one in _of_group(group, found)]
    return taken


def _of_group(group: Group, found: dict[int, Offer | None]) -> list[tuple[int, Offer | None]]:
    rows = [(part.quantity, found[part.sku_id]) for part in group.parts]
    if group.choose is None:
        return rows
    costs = sorted(rows, key=lambda row: -(row[1].cost_minor or 0) * row[0] if row[1] else 0)
    return costs[: group.choose]
