"""In which order a SKU's offers are asked; one function a policy, each a key to sort by."""

import hashlib
import math
from collections.abc import Callable, Sequence

from fulfillment.routing.values import CHEAPEST, FASTEST, FIXED, WEIGHTED, OfferFacts, Unit

Key = Callable[[OfferFacts, Unit], tuple[float, ...]]
#: Bytes of a digest that make a number between 0 and 1.
DRAW_BYTES = 8


def fixed(offer: OfferFacts, unit: Unit) -> tuple[float, ...]:
    """As the offers are numbered."""
    return (offer.position, offer.offer)


def cheapest(offer: OfferFacts, unit: Unit) -> tuple[float, ...]:
    """The lowest known cost first; what is in another currency cannot be compared and comes last."""
    return (offer.currency != unit.paid_currency, offer.cost_minor, *fixed(offer, unit))


def fastest(offer: OfferFacts, unit: Unit) -> tuple[float, ...]:
    """The shortest median from sent to delivered; one never measured is asked first, to learn."""
    speed = offer.health.speed_ms
    return (-1 if speed is None else speed, *fixed(offer, unit))


def weighted(offer: OfferFacts, unit: Unit) -> tuple[float, ...]:
    """First in proportion to the weights, over many units; repeatable for one (its seed).

    An exponential race: the first to arrive wins with probability weight / sum of weights. Weight 0
    comes only when nobody else can.
    """
    digest = hashlib.sha256(f"{unit.seed}:{offer.offer}".encode()).digest()
    draw = (int.from_bytes(digest[:DRAW_BYTES]) + 1) / (1 << 8 * DRAW_BYTES)
    arrival = math.inf if offer.weight <= 0 else -math.log(min(draw, 1.0)) / offer.weight
    return (arrival, *fixed(offer, unit))


POLICIES: dict[str, Key] = {
    FIXED: fixed,
    CHEAPEST: cheapest,
    WEIGHTED: weighted,
    FASTEST: fastest,
}


def ordered(policy: str, offers: Sequence[OfferFacts], unit: Unit) -> list[OfferFacts]:
    """The offers in the policy's order. Raises KeyError for a policy that nobody wrote."""
    key = POLICIES[policy]
    return sorted(offers, key=lambda offer: key(offer, unit))
