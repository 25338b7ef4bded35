"""What level prices give, as sentences for a person's own level page."""

from django.utils.translation import gettext as _

from accounts.levels import FOLLOWERS, RIGHTS
from catalog import snapshot
from catalog.pricing.levels import WHOLE_BP


def register() -> None:
    """Fill the sockets; called once when the app is ready."""
    FOLLOWERS.register("catalog", snapshot.changed)
    RIGHTS.register("catalog", sentences)


def sentences() -> dict[int, list[str]]:
    """For each level with prices of its own what they are, from the snapshot."""
    found: dict[int, list[str]] = {}
    for row in snapshot.current().level_rows:
        terms = row.terms
        if terms.share_bp is None:
            text = _("Prices of its own for chosen goods")
        else:
            off = (WHOLE_BP - terms.share_bp) / 100
            text = _("%(off)s%% off, as far as the lowest price allows") % {"off": f"{off:g}"}
        if terms.day is not None:
            text = _("On the member day: %(right)s") % {"right": text}
        lines = found.setdefault(terms.level, [])
        if text not in lines:
            lines.append(text)
    return found
