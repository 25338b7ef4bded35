"""Money for prices under the floor: two persons agree to a promotion's terms as they stand."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from core import approvals, audit
from core.models import Approval
from core.tx import part, step
from orders.models import Promotion
from orders.queries import promotions
from orders.services.promotions.check_promotion import PromotionRefused
from orders.states import PromotionState

SUBSIDY = "orders.promotion_subsidy"
AGREED = "promotion:subsidy_agreed"
OPEN = (PromotionState.DRAFT, PromotionState.PAUSED)


@step()
def request_subsidy(*, promotion: str, reason: str, by: str, now: datetime) -> Approval:
    """Ask that the promotion may give its `subsidy_minor` under the floor of prices.

    `by` is the maker's public id. What is agreed to is bound by a hash of the terms. Raises
    PromotionRefused, core.approvals.NotAllowed, Promotion.DoesNotExist.
    """
    row = Promotion.objects.select_for_update().get(public_id=promotion)
    if row.state not in OPEN or not row.subsidy_minor:
        raise PromotionRefused(
            {"": _("Write down how much it may give under the floor, while it is off.")}
        )
    return approvals.request(
        action=SUBSIDY, subject=row.public_id, payload=_payload(row), by=by, reason=reason, now=now
    )


@part
def carry_out_subsidy(approval: Approval, *, now: datetime) -> None:
    """Executor: the terms must still be those that were asked for; then the subsidy counts."""
    row = Promotion.objects.select_for_update().get(public_id=approval.payload["promotion"])
    if row.state not in OPEN or _payload(row) != approval.payload:
        raise approvals.StalePayload(row.public_id)
    before = {"subsidy_sha": row.subsidy_sha}
    row.subsidy_minor = approval.payload["subsidy_minor"]
    row.subsidy_sha = approval.payload["terms_sha"]
    row.save(update_fields=["subsidy_minor", "subsidy_sha"])
    audit.record(
        tag=AGREED, by=f"user:{approval.checker}", subject=row.public_id, now=now, before=before,
        after={"approval": approval.public_id, **approval.payload},
    )  # fmt: skip
    promotions.changed()


def agreed(row: Promotion) -> bool:
    """Whether two persons agreed to its subsidy with the terms as they are."""
    return bool(row.subsidy_minor) and row.subsidy_sha == promotions.terms_sha(row)


def _payload(row: Promotion) -> dict[str, Any]:
    """What the second person reads, and what it is bound to."""
    return {
        "promotion": row.public_id,
        "name": row.name,
        "kind": row.kind,
        "terms": row.params,
        "goods": row.goods,
        "goods_left_out": row.goods_left_out,
        "subsidy_minor": row.subsidy_minor,
        "most_minor": row.most_minor,
        "most_uses": row.most_uses,
        "currency": row.currency,
        "terms_sha": promotions.terms_sha(row),
    }
