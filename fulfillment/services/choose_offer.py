"""Who is asked next, and why not the others: the facts of this moment put to the pure room."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fulfillment.models import Delivery
from fulfillment.queries.routes import (
    NEVER_ARRIVED,
    PURCHASES,
    CallLimits,
    Facts,
    facts_of,
    unit_of,
)
from fulfillment.routing.route import decide
from fulfillment.routing.values import Considered, Route

__all__ = ["NEVER_ARRIVED", "PURCHASES", "Choice", "choose_offer", "shown"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The route of a unit at one moment, and the facts that it follows from."""

    route: Route
    facts: Facts

    @property
    def why(self) -> str:
        """Why nobody is asked (see Route); empty when somebody is."""
        return self.route.why

    @property
    def offer(self) -> Considered | None:
        """Who is asked first."""
        return next(iter(self.ready), None)

    @property
    def ready(self) -> tuple[Considered, ...]:
        """Who may be asked now; only the first when the policy says to wait for it."""
        ready = self.route.ready
        return ready if self.facts.rules.overflow else ready[:1]

    def supplier(self, chosen: Considered) -> CallLimits:
        return self.facts.suppliers[chosen.facts.supplier]

    def is_probe(self, chosen: Considered) -> bool:
        """Whether a purchase there tries a breaker that is half open."""
        return chosen.facts.supplier in self.facts.probing


def choose_offer(delivery: Delivery, *, now: datetime) -> Choice:
    """Put every active offer in the order of the SKU's policy, with what speaks against it now.

    Offers that refused before ``delivery.retried_at`` are asked again. Changes nothing.
    """
    facts = facts_of(sku_id=delivery.sku_id, delivery=delivery, now=now)
    unit = unit_of(delivery, facts)
    return Choice(decide(rules=facts.rules, unit=unit, offers=facts.offers, now=now), facts)


def shown(route: Route) -> list[dict[str, Any]]:
    """The route as it is kept: one entry an offer, in the order of asking, amounts in minor units."""
    return [
        {
            "offer": one.facts.offer,
            "supplier": one.facts.code,
            "name": one.facts.name,
            "sku": one.facts.supplier_sku,
            "cost": one.facts.cost_minor,
            "limit": one.limit_minor,
            "currency": one.facts.currency,
            "why": one.why,
            **({"until": one.until.isoformat()} if one.until else {}),
            **({"speed_ms": speed} if (speed := one.facts.health.speed_ms) is not None else {}),
        }
        for one in route.considered
    ]
