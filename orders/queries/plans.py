"""Plans as they are on sale, and what somebody may have of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from core.crypto import sha256_hex
from orders.models import Plan, Subscription
from orders.states import PlanState, SubscriptionState
from orders.subscriptions.terms import Phase, as_json


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """An open plan with its phases as they are for one person."""

    plan: Plan
    phases: tuple[Phase, ...]

    @property
    def sha(self) -> str:
        """What the page showed and the form sends back."""
        return sha256_hex(json.dumps([self.plan.public_id, as_json(self.phases)]).encode())[:16]


def phases_of(plan: Plan, *, newcomer: bool = True) -> tuple[Phase, ...]:
    """The phases in order; somebody who has had the plan before begins after those for newcomers."""
    rows = plan.phases.select_related("gift").order_by("position", "id")
    return tuple(
        Phase(
            row.periods, row.unit, row.length, row.price_minor,
            row.gift.code if row.gift else "", row.gift_units, row.gift_each,
        )
        for row in rows
        if newcomer or not row.newcomers
    )  # fmt: skip


def terms_sha(plan: Plan) -> str:
    """Of everything that decides what subscribers are promised and what it may cost the shop."""
    rows = plan.phases.order_by("position", "id")
    phases = list(
        rows.values_list(
            "periods", "unit", "length", "price_minor", "gift_id", "gift_units", "gift_each",
            "newcomers",
        )
    )  # fmt: skip
    said = [plan.public_id, plan.sku_id, plan.family, plan.budget_minor, phases]
    return sha256_hex(json.dumps(said).encode())


def plan_on_sale(slug: str) -> Plan | None:
    """The open plan at that address, when its terms are those it was opened with."""
    plan = Plan.objects.select_related("sku").filter(slug=slug, state=PlanState.OPEN).first()
    return plan if plan is not None and plan.terms_sha == terms_sha(plan) else None


def plans_on_sale(*, sku_ids: Sequence[int] | None = None) -> list[Plan]:
    """Open plans, of these SKUs when they are named; oldest first."""
    rows = Plan.objects.select_related("sku").filter(state=PlanState.OPEN)
    if sku_ids is not None:
        rows = rows.filter(sku_id__in=list(sku_ids))
    return [plan for plan in rows.order_by("id")[:50] if plan.terms_sha == terms_sha(plan)]


def terms_for(plan: Plan, *, user_id: int | None, changing: bool = False) -> PlanTerms:
    """The plan's phases for this person. Who changes from another plan is no newcomer."""
    newcomer = not changing and (user_id is None or is_newcomer(plan, user_id))
    return PlanTerms(plan, phases_of(plan, newcomer=newcomer))


def is_newcomer(plan: Plan, user_id: int) -> bool:
    """Whether this person has never paid for a period of the plan or its family."""
    same = Q(plan=plan)
    if plan.family:
        same |= Q(family=plan.family)
    had = Subscription.objects.filter(same, user_id=user_id, current_start__isnull=False)
    return not had.exists()


def live_of(user_id: int, plan: Plan) -> Subscription | None:
    """What this person has of the plan at present."""
    rows = Subscription.objects.filter(user_id=user_id, plan=plan)
    return rows.exclude(state=SubscriptionState.ENDED).first()


def dearer_plans(subscription: Subscription) -> list[Plan]:
    """Plans of the family that cost more than what this subscription costs now."""
    if not subscription.family or subscription.state != SubscriptionState.ACTIVE:
        return []
    now_minor = subscription.phases[-1]["price_minor"]
    rows = Plan.objects.filter(family=subscription.family, state=PlanState.OPEN)
    found = list(rows.exclude(pk=subscription.plan_id).order_by("id")[:20])
    return [
        plan
        for plan in found
        if plan.terms_sha == terms_sha(plan)
        and phases_of(plan, newcomer=False)[0].price_minor > now_minor
    ]
