"""The demo's subscription: first month six yuan with a cinema voucher, then as usual."""

from datetime import datetime

from catalog.models import Sku
from core import approvals
from core.tx import step
from demo.offers import BY, staff_of
from orders.models import Plan, PlanPhase
from orders.services.subscriptions.open_plan import CannotOpen, open_plan
from orders.states import PlanState

SLUG = "iqiyi-gold-monthly"
BUDGET_MINOR = 500_000


def open_plans(*, now: datetime) -> str:
    """Set the plan up where it is missing, and put it on sale by two persons; says how many are."""
    if not Plan.objects.filter(slug=SLUG).exists():
        _agree(_draft(now), now)
    return f"{Plan.objects.filter(state=PlanState.OPEN).count()} on sale"


@step()
def _draft(now: datetime) -> Plan:
    good = Sku.objects.get(code="IQY-GOLD-M")
    plan = Plan.objects.create(
        slug=SLUG, name="爱奇艺黄金会员连续包月", name_en="iQIYI Gold, month by month", sku=good,
        family="iqiyi", budget_minor=BUDGET_MINOR, state_at=now, created_at=now, created_by=BY,
    )  # fmt: skip
    PlanPhase.objects.create(
        plan=plan, position=0, periods=1, price_minor=600, newcomers=True,
        gift=Sku.objects.get(code="MOVIE-2D"),
    )  # fmt: skip
    PlanPhase.objects.create(plan=plan, position=1, price_minor=1990)
    return plan


def _agree(plan: Plan, now: datetime) -> None:
    """Two persons agree, as in any shop; without them it stays a draft."""
    maker, checker = staff_of("operator"), staff_of("finance")
    if maker is None or checker is None:
        return
    try:
        asked = open_plan(pk=plan.pk, by=maker.public_id, reason="demo", now=now)
        if asked is not None:
            approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=now)
    except (approvals.NotAllowed, CannotOpen):
        # This shop gives its roles to other people, or has changed its goods.
        return
