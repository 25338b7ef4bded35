"""What purchasing hangs into the sockets of the floors below."""

from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import audit, switches
from fulfillment import alert_desk, purchasing_tasks  # noqa: F401  Celery looks for its tasks here
from fulfillment.services.suppliers.sync_supplier import SYNC

acts.register(
    "fulfillment.purchase", _("Order codes from suppliers"), roles=("operator", "finance")
)

for _tag, _title in {
    "purchase:planned": "A purchase was drafted",
    "purchase:changed": "The draft of a purchase was changed",
    "purchase:ordered": "A purchase was ordered",
    "purchase:received": "A purchase was said to be complete",
    "purchase:closed": "A purchase was put away",
    "purchase:canceled": "A purchase was canceled",
    "purchase:kept": "A purchase source or an occasion was changed",
    "offer:followed": "An offer followed its supplier's list",
    "costrule:saved": "A rule for rising costs was changed",
}.items():
    audit.declare(_tag, _title)

switches.declare(
    SYNC, default=True, title=_("Suppliers' prices and stock are read"), owner="fulfillment"
)

alert_desk.register()
