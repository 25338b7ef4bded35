"""What subscriptions hang into the sockets of the floors below."""

from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import approvals, audit
from core.rotation import SEALED_COLUMNS, SealedColumn
from orders.models.subscription import inputs_context
from orders.services.subscriptions import open_plan

MANAGE, OPEN, CANCEL = "orders.manage_plans", "orders.open_plan", "orders.cancel_subscription"


def register() -> None:
    """Called once, with the rest of this floor."""
    acts.register(MANAGE, _("Set up subscription plans"), roles=("operator",))
    acts.register(OPEN, _("Open a subsidised plan (two persons)"), roles=("operator", "finance"))
    acts.register(CANCEL, _("Cancel a subscription for its holder"), roles=("operator", "support"))
    audit.declare("plan:opened", "A subscription plan was put on sale")
    audit.declare("plan:closed", "A subscription plan was taken off sale")
    audit.declare("subscription:cancelled", "A subscription was canceled by staff")
    approvals.executor(open_plan.OPEN, act=OPEN, title=_("Open a subsidised subscription plan"))(
        open_plan.carry_out_opening
    )
    column = "orders.Subscription"
    SEALED_COLUMNS.register(
        f"{column}.inputs_sealed",
        SealedColumn(column, "inputs_sealed", lambda row: inputs_context(row.public_id)),
    )
