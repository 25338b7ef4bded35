"""What group buys hang into the sockets of the floors below."""

from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import audit
from orders.services.groups import approve_group_buy


def register() -> None:
    """Called once, when every floor below is loaded."""
    acts.register(approve_group_buy.ACT, _("Set up and end group buys"), roles=("operator",))
    approve_group_buy.GROUP_SUBSIDY.register()
    audit.declare("group:set_up", "A group buy was set up")
    audit.declare("group:started", "A group buy was switched on")
    audit.declare("group:ended", "A group buy ended")
    audit.declare("group:subsidized", "Two persons agreed to the subsidy of a group buy")
