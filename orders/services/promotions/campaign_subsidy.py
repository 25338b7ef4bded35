"""A campaign under the floor of prices: two persons agree to what it may cost, as its draft stands."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from core import approvals, audit
from core.models import Approval
from core.tx import part, step

DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Subsidized:
    """A kind of campaign with a subsidy of its own: a row, set up as a draft, that keeps its hash.

    `terms` are what the second person reads beside the sum; `sha` is of everything that decides what
    the sum is spent on, and what the agreement binds. Amounts in minor units of the row's currency.
    """

    model: Any
    action: str
    act: str
    tag: str
    title: Promise
    terms: Callable[[Any], dict[str, Any]]
    sha: Callable[[Any], str]

    def register(self) -> None:
        """Let two persons agree to it. Called once when the app is ready."""

        def run(approval: Approval, *, now: datetime) -> None:
            carry_out_subsidy(self, approval, now=now)

        approvals.executor(self.action, act=self.act, title=self.title)(run)

    def agreed(self, row: Any) -> bool:
        """Whether two persons agreed to its subsidy with the terms as they are."""
        return bool(row.subsidy_minor) and row.subsidy_sha == self.sha(row)


@step()
def request_subsidy(
    kind: Subsidized, *, campaign: str, by: str, reason: str, now: datetime
) -> Approval:
    """Ask that a draft may give its subsidy budget (minor units) under the floor, all in all.

    `by` is the maker's public id. Raises core.approvals.NotAllowed, the model's DoesNotExist for
    what is no draft, IntegrityError when it is asked already. Source: design.md, floor.
    """
    row = kind.model.objects.get(public_id=campaign, state=DRAFT)
    payload = {
        "sha": kind.sha(row), "subsidy_minor": row.subsidy_minor, "price_minor": row.price_minor,
        "sku": row.sku.code, "currency": row.currency, **kind.terms(row),
    }  # fmt: skip
    return approvals.request(
        action=kind.action, subject=campaign, payload=payload, by=by, reason=reason, now=now
    )


@part
def carry_out_subsidy(kind: Subsidized, approval: Approval, *, now: datetime) -> None:
    """Executor: what was agreed to counts from now on, unless the campaign has changed since."""
    rows = kind.model.objects
    row = rows.select_for_update(of=("self",)).get(public_id=approval.subject)
    if row.state != DRAFT or kind.sha(row) != approval.payload["sha"]:
        raise approvals.StalePayload(row.public_id)
    rows.filter(pk=row.pk).update(subsidy_sha=approval.payload["sha"])
    audit.record(
        tag=kind.tag, by=f"user:{approval.checker}", subject=row.public_id, now=now,
        after={"approval": approval.public_id, "subsidy_minor": row.subsidy_minor},
    )  # fmt: skip
