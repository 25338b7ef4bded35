"""What group buys hang into the sockets of the floors below."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import audit
from core.outbox import subscribe
from orders.events import GroupJoined
from orders.services.groups import approve_group_buy
from orders.services.groups.tell_group import tell_joined


@subscribe(GroupJoined, "orders.tell_joined")
def on_joined(event: GroupJoined, *, now: datetime) -> None:
    tell_joined(order=event.order, now=now)


def register() -> None:
    """Called once, when every floor below is loaded."""
    acts.register(approve_group_buy.ACT, _("Set up and end group buys"), roles=("operator",))
    approve_group_buy.GROUP_SUBSIDY.register()
    audit.declare("group:set_up", "A group buy was set up")
    audit.declare("group:started", "A group buy was switched on")
    audit.declare("group:ended", "A group buy ended")
    audit.declare("group:subsidized", "Two persons agreed to the subsidy of a group buy")
