"""A group buy under the floor of prices: two persons agree to what it may cost."""

from datetime import datetime

from core import approvals, audit
from core.models import Approval
from core.tx import part, step
from orders.models import GroupBuy
from orders.services.groups.group_rule import subsidy_sha
from orders.states import GroupBuyState

ACTION = "orders.group_subsidy"
ACT = "groups.manage"


@step()
def request_group_subsidy(*, buy: str, by: str, reason: str, now: datetime) -> Approval:
    """Ask that a draft may give its subsidy budget (minor units) for the seats of all its groups.

    `by` is the maker's public id. Raises core.approvals.NotAllowed, GroupBuy.DoesNotExist,
    IntegrityError when it is asked already. Source: design.md, floor.
    """
    row = GroupBuy.objects.get(public_id=buy, state=GroupBuyState.DRAFT)
    payload = {
        "sha": subsidy_sha(row), "subsidy_minor": row.subsidy_minor, "size": row.size,
        "groups": row.most_groups, "price_minor": row.price_minor, "sku": row.sku.code,
        "currency": row.currency,
    }  # fmt: skip
    return approvals.request(
        action=ACTION, subject=buy, payload=payload, by=by, reason=reason, now=now
    )


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """Executor: what was agreed to counts from now on, unless the group buy has changed since."""
    row = GroupBuy.objects.select_for_update(of=("self",)).get(public_id=approval.subject)
    if row.state != GroupBuyState.DRAFT or subsidy_sha(row) != approval.payload["sha"]:
        raise approvals.StalePayload(row.public_id)
    GroupBuy.objects.filter(pk=row.pk).update(subsidy_sha=approval.payload["sha"])
    audit.record(
        tag="group:subsidized", by=f"user:{approval.checker}", subject=row.public_id, now=now,
        after={"approval": approval.public_id, "subsidy_minor": row.subsidy_minor},
    )  # fmt: skip
