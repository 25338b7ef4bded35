"""What staff may do in the catalogue, and which roles may."""

from django.utils.translation import gettext_lazy as _

from accounts.acts import register as register_act


def register() -> None:
    """Fill the socket; called once when the app is ready."""
    register_act(
        "catalog.change_state",
        _("Put products on sale, pause and retire them"),
        roles=("operator",),
    )
    register_act("catalog.import", _("Import a catalogue file"), roles=("operator",))
    register_act("catalog.set_cost", _("Set the cost of a SKU"), roles=("operator", "finance"))
