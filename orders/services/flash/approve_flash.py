"""A flash sale under the floor of prices: two persons agree to what it may cost."""

from datetime import datetime

from core import approvals, audit
from core.models import Approval
from core.tx import part, step
from orders.models import FlashSale
from orders.services.flash.flash_rule import subsidy_sha
from orders.states import FlashState

ACTION = "orders.flash_subsidy"
ACT = "flash.manage"


@step()
def request_flash_subsidy(*, sale: str, by: str, reason: str, now: datetime) -> Approval:
    """Ask that a draft may give its subsidy budget (minor units) for all its units together.

    `by` is the maker's public id. Raises core.approvals.NotAllowed, FlashSale.DoesNotExist,
    IntegrityError when it is asked already. Source: design.md, floor.
    """
    row = FlashSale.objects.get(public_id=sale, state=FlashState.DRAFT)
    payload = {
        "sha": subsidy_sha(row), "subsidy_minor": row.subsidy_minor, "units": row.units,
        "price_minor": row.price_minor, "sku": row.sku.code, "currency": row.currency,
    }  # fmt: skip
    return approvals.request(
        action=ACTION, subject=sale, payload=payload, by=by, reason=reason, now=now
    )


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """Executor: what was agreed to counts from now on, unless the sale has changed since."""
    row = FlashSale.objects.select_for_update(of=("self",)).get(public_id=approval.subject)
    if row.state != FlashState.DRAFT or subsidy_sha(row) != approval.payload["sha"]:
        raise approvals.StalePayload(row.public_id)
    FlashSale.objects.filter(pk=row.pk).update(subsidy_sha=approval.payload["sha"])
    audit.record(
        tag="flash:subsidized", by=f"user:{approval.checker}", subject=row.public_id, now=now,
        after={"approval": approval.public_id, "subsidy_minor": row.subsidy_minor},
    )  # fmt: skip
