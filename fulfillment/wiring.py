"""What this floor hangs into the sockets of the floors below."""

from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import approvals, audit, ledger
from fulfillment import postings
from fulfillment.services import resolve_manually

for _head, _row in postings.CHART.items():
    ledger.CHART.register(_head, _row)

# --- suppliers and the road ----------------------------------------------------------------------

for _tag, _title in {
    "supplier:saved": "A supplier's connection was set up or changed",
    "supplier:switched": "A supplier was switched on or off",
    "supplier:funded": "Money paid to a supplier in advance was booked",
    "supplier:tested": "A supplier's connection was tried",
    "delivery:retried": "A failed delivery was started over",
    "trace:read": "A chain was traced",
}.items():
    audit.declare(_tag, _title)

acts.register("fulfillment.resolve", _("Settle a delivery by hand"), roles=("operator", "support"))
acts.register("fulfillment.retry", _("Start a failed delivery over"), roles=("operator", "support"))
acts.register("fulfillment.suppliers", _("Set up suppliers and switch them"), roles=("operator",))
acts.register("fulfillment.fund", _("Book money paid to a supplier"), roles=("finance",))
acts.register(
    "fulfillment.trace",
    _("Trace a chain from batch to ledger"),
    roles=("operator", "support", "finance", "auditor"),
)

approvals.executor(
    resolve_manually.DELIVER, act="fulfillment.resolve", title=_("Settle as delivered")
)(resolve_manually.carry_out)
approvals.executor(
    resolve_manually.FAIL, act="fulfillment.resolve", title=_("Settle as not delivered")
)(resolve_manually.carry_out)
