"""What settlement hangs into the sockets of the floors below."""

from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import approvals, audit, invariants
from core.desk import TASKS, Task
from fulfillment.reconciliation import setup
from fulfillment.reconciliation.invariants import STATEMENTS
from fulfillment.services.settlement import propose_payouts

for _tag, _title in {
    "supplier:terms": "A supplier's terms were changed",
    "payouts:agreed": "Two persons agreed on payouts",
    "payout:paid": "A payout was confirmed by the bank",
    "payout:returned": "A payout came back from the bank",
}.items():
    audit.declare(_tag, _title)

acts.register("fulfillment.terms", _("Change a supplier's terms"), roles=("finance",))
acts.register(
    "fulfillment.payouts", _("Propose and agree on payouts (two persons)"), roles=("finance",)
)
acts.register("fulfillment.pay", _("Say what became of a payout at the bank"), roles=("finance",))

approvals.executor(
    propose_payouts.ACTION, act="fulfillment.payouts", title=_("Pay merchants or suppliers")
)(propose_payouts.carry_out)

TASKS.register(
    "fulfillment.payouts",
    Task(
        _("Payouts to be paid at the bank"),
        "select count(*) from fulfillment_payout where state = 'approved'",
        "fulfillment.view_payout", "fulfillment_payout_changelist?state__exact=approved",
    ),
)  # fmt: skip
for _id, _name, _sql in STATEMENTS:
    invariants.register(_id, _name, _sql)
setup.register()
