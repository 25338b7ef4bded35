"""What flash sales hang into the sockets of the floors below."""

from django.utils.translation import gettext_lazy as _

from accounts import acts
from catalog.blocks import FRAGMENTS, Fragment
from core import audit
from orders.services.flash import approve_flash


def register() -> None:
    """Called once, when every floor below is loaded."""
    acts.register(approve_flash.ACT, _("Set up and end flash sales"), roles=("operator",))
    approve_flash.FLASH_SUBSIDY.register()
    audit.declare("flash:set_up", "A flash sale was set up")
    audit.declare("flash:cut", "The units of a flash sale were cut")
    audit.declare("flash:ended", "A flash sale ended")
    audit.declare("flash:subsidized", "Two persons agreed to the subsidy of a flash sale")
    FRAGMENTS.register("flash", Fragment("orders:flash_rail", "orders:flash"))
