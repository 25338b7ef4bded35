"""A plan goes on sale, and off it. Whatever it gives under the floor, two persons agree to."""

from datetime import datetime

from catalog.queries import default_channel
from core import approvals, audit, transitions
from core.models import Approval
from core.tx import part, step
from orders.models import Plan
from orders.queries.plan_costs import check_plan
from orders.queries.plans import terms_sha
from orders.states import PlanState

OPEN = "orders.open_plan"


class CannotOpen(Exception):
    """Something stands in the way; `key` names it."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@step()
def open_plan(*, pk: int, by: str, reason: str, now: datetime) -> Approval | None:
    """Put a plan on sale; one that is subsidised is asked for and opened by a second person.

    `by` is the maker's public id. Raises CannotOpen, core.approvals.NotAllowed, IntegrityError when
    it is asked for already.
    """
    plan = Plan.objects.select_for_update(of=("self",)).get(pk=pk)
    if plan.state == PlanState.OPEN:
        raise CannotOpen("open")
    found = check_plan(plan, channel=default_channel(), now=now)
    if found.problem:
        raise CannotOpen(found.problem)
    sha = terms_sha(plan)
    if not found.subsidised:
        _open(plan, sha, now, f"user:{by}")
        return None
    payload = {
        "plan": plan.public_id, "name": plan.name, "terms": sha,
        "budget_minor": plan.budget_minor, "phases": [str(cost.phase) for cost in found.costs],
    }  # fmt: skip
    return approvals.request(
        action=OPEN, subject=plan.public_id, payload=payload, by=by, reason=reason, now=now
    )


@part
def carry_out_opening(approval: Approval, *, now: datetime) -> None:
    """Executor: the plan opens, when its terms are still those that were shown."""
    plan = Plan.objects.select_for_update(of=("self",)).get(public_id=approval.payload["plan"])
    sha = terms_sha(plan)
    if sha != approval.payload["terms"] or plan.state == PlanState.OPEN:
        raise approvals.StalePayload(plan.public_id)
    _open(plan, sha, now, f"approval:{approval.public_id}")


@step()
def close_plan(*, pk: int, by: str, now: datetime) -> bool:
    """Take a plan off sale; who has it keeps it on the terms they agreed to."""
    audit.record(tag="plan:closed", by=by, subject=Plan.objects.get(pk=pk).public_id, now=now)
    return transitions.move(
        Plan, pk, from_=[PlanState.OPEN], to=PlanState.CLOSED, now=now, by=by, state_at=now
    )


@step()
def rework_plan(*, pk: int, by: str, now: datetime) -> bool:
    """Make a closed plan a draft again, whose terms may be changed."""
    return transitions.move(
        Plan, pk, from_=[PlanState.CLOSED], to=PlanState.DRAFT, now=now, by=by, state_at=now,
        terms_sha="",
    )  # fmt: skip


@part
def _open(plan: Plan, sha: str, now: datetime, by: str) -> None:
    transitions.move(
        Plan, plan.pk, from_=[PlanState.DRAFT, PlanState.CLOSED], to=PlanState.OPEN, now=now,
        by=by, state_at=now, terms_sha=sha,
    )  # fmt: skip
    audit.record(
        tag="plan:opened", by=by, subject=plan.public_id, now=now,
        after={"terms": sha, "budget_minor": plan.budget_minor},
    )  # fmt: skip
