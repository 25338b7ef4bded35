"""The sentences behind the keys of purchasing: why so much, why not, what went wrong."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

REASONS: dict[str, Any] = {
    "fill_up": _(
        "About %(expected)s will sell in the %(days)s days until the next purchase; %(target)s are enough"
        " with %(level)s %% certainty. %(position)s are there or under way."
    ),
    "enough": _("%(position)s are there or under way; buying begins at %(reorder_at)s."),
    "rounded": _("Rounded to packs of %(pack)s, at least %(min)s."),
    "less_by_expiry": _(
        "Only %(room)s will sell before codes with %(days)s days of validity expire, so less is bought."
    ),
    "would_expire": _(
        "Not bought: the least quantity is %(least)s, but only %(room)s would sell before they expire."
    ),
    "expires_unsold": _("%(units)s codes in stock will expire before they are sold."),
    "no_source": _("Nobody is known to sell it to us. Add a purchase source."),
}
PROBLEMS: dict[str, Any] = {
    "nothing_chosen": _("Choose at least one line with a quantity."),
    "bad_units": _("A quantity must be a whole number between 1 and 1,000,000."),
    "source_gone": _("A source is no longer active. Look at the proposals again."),
    "bad_payment": _("Choose how it is paid."),
    "say_why": _("What came is not what was ordered. Say why."),
    "moved_on": _("The purchase has moved on meanwhile, or a file of it is still being read."),
}
MODELS: dict[str, Any] = {
    "naive": _("last week again"),
    "ets": _("smoothing with week, trend and holidays"),
    "tsb": _("slow goods"),
}


def reasons(found: Iterable[Sequence[Any]]) -> list[str]:
    """Sentences for pairs of key and figures."""
    return [str(REASONS[key]) % facts for key, facts in found if key in REASONS]


def refusal(key: str) -> str:
    """The sentence for a refusal of the services."""
    return str(PROBLEMS.get(key, key))
