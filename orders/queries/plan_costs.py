"""What a plan earns and costs the shop, phase by phase, before it is opened."""

from dataclasses import dataclass
from datetime import datetime

from catalog.offers import ChannelView, Offer
from catalog.queries import offer as find_offer
from orders.models import Plan
from orders.queries.plans import phases_of
from orders.subscriptions.terms import BadPhases, Phase, check_phases


@dataclass(frozen=True, slots=True)
class PhaseCost:
    """One phase's first period: price, what its goods may not be sold under, what the shop adds.

    Money in minor units.
    """

    phase: Phase
    floor_minor: int
    gift_floor_minor: int

    @property
    def subsidy_minor(self) -> int:
        """What lies under the floor, the gift included."""
        return max(0, self.floor_minor - self.phase.price_minor) + self.gift_floor_minor


@dataclass(frozen=True, slots=True)
class PlanCheck:
    """Whether a plan can be opened: `problem` is a key, "" when nothing stands in the way."""

    problem: str
    costs: tuple[PhaseCost, ...] = ()

    @property
    def subsidised(self) -> bool:
        """Two persons agree to a plan that gives anything under the floor."""
        return any(cost.subsidy_minor for cost in self.costs)

    @property
    def first_subsidy_minor(self) -> int:
        """What one subscriber's first period takes of the budget."""
        return self.costs[0].subsidy_minor if self.costs else 0


def check_plan(plan: Plan, *, channel: ChannelView, now: datetime) -> PlanCheck:
    """What stands in the way of a plan, and what its phases cost. Minor units."""
    phases = phases_of(plan)
    try:
        check_phases(phases)
        check_phases(phases_of(plan, newcomer=False))
    except BadPhases as error:
        return PlanCheck(error.key)
    good = find_offer(plan.sku.code, channel, now)
    if good is None or not good.state_ok or good.bundle is not None:
        return PlanCheck("not_on_sale")
    costs = []
    for phase in phases:
        gift = find_offer(phase.gift, channel, now) if phase.gift else None
        if phase.gift and not _is_gift(gift, good):
            return PlanCheck("gift")
        given = gift.floor_minor * phase.gift_units if gift else 0
        costs.append(PhaseCost(phase, good.floor_minor, given))
    found = PlanCheck("", tuple(costs))
    if found.first_subsidy_minor > plan.budget_minor or (
        found.subsidised and not plan.budget_minor
    ):
        return PlanCheck("budget", found.costs)
    return found


def _is_gift(offer: Offer | None, good: Offer) -> bool:
    """A gift asks for nothing and is another good."""
    if offer is None or not offer.state_ok or offer.inputs or offer.bundle is not None:
        return False
    return offer.sku_id != good.sku_id
