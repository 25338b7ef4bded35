"""A bundle's offer as its parts allow it: for sale, in stock, not under cost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from catalog.bundles.fields import asked
from catalog.bundles.values import Bundle, Group, Part
from catalog.offers import Limits, Offer
from catalog.pricing.bundle import cheapest, dearest
from catalog.states import Availability

_ORDER = (Availability.OUT.value, Availability.LOW.value, Availability.IN.value)
Found = Mapping[int, Offer | None]


def offer_of_parts(offer: Offer, bundle: Bundle, found: Found) -> Offer:
    """The offer of a bundle, from its own price and the offers of its parts in the same channel.

    It is for sale while everything fixed is for sale, and of each choice enough; it is in stock as
    its scarcest part is; its floor is the cost of the dearest choice; before its price stands what
    the parts cost alone (the cheapest choice). Minor units of the offer's currency.
    """
    alone = cheapest(_amounts(bundle, found, "list_minor"))
    cost = dearest(_amounts(bundle, found, "cost_minor"))
    floor = max(offer.floor_minor, cost)
    known = [one for part in bundle.parts if (one := found[part.sku_id]) is not None]
    moments = [one.until for one in (offer, *known) if one.until is not None]
    return replace(
        offer,
        bundle=bundle,
        # On a shelf it wears the color of what stands first inside.
        hue=known[0].hue if known else offer.hue,
        inputs=tuple(one.spec for one in asked(known)),
        limits=_limits(offer.limits, bundle, found),
        cost_minor=cost,
        floor_minor=floor,
        market_minor=max(offer.market_minor or 0, alone) or None,
        until=min(moments, default=None),
        availability=min(
            (_availability(group, found) for group in bundle.groups), key=_ORDER.index
        ),
        state_ok=offer.state_ok and offer.unit_minor >= floor and _sells(bundle, found),
    )


def _amounts(bundle: Bundle, found: Found, name: str) -> list[tuple[int | None, Sequence[int]]]:
    """Of each group an amount of its parts' offers, times how many are inside."""
    return [
        (group.choose, [_amount(part, found, name) for part in group.parts])
        for group in bundle.groups
    ]


def _amount(part: Part, found: Found, name: str) -> int:
    offer = found[part.sku_id]
    return (getattr(offer, name) or 0) * part.quantity if offer is not None else 0


def _sells(bundle: Bundle, found: Found) -> bool:
    return all(
        sum(_is_sold(part, found) for part in group.parts) >= group.taken for group in bundle.groups
    )


def _is_sold(part: Part, found: Found) -> bool:
    offer = found[part.sku_id]
    return offer is not None and offer.state_ok and offer.limits.per_order >= part.quantity


def _availability(group: Group, found: Found) -> str:
    """The scarcest of what is fixed; of a choice, the scarcest that one still has to take."""
    words = [
        offer.availability
        for part in group.parts
        if (offer := found[part.sku_id]) is not None and offer.state_ok
    ]
    best = sorted(words, key=_ORDER.index, reverse=True)[: group.taken]
    return min(best, key=_ORDER.index) if len(best) == group.taken else _ORDER[0]


def _limits(own: Limits, bundle: Bundle, found: Found) -> Limits:
    """A limit per order on a good that is always inside holds for the bundle too."""
    fixed = [part for group in bundle.groups if group.choose is None for part in group.parts]
    bounds = [
        offer.limits.per_order // part.quantity
        for part in fixed
        if (offer := found[part.sku_id]) is not None
    ]
    return replace(own, per_order=max(1, min([own.per_order, *bounds])))
