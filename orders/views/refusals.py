"""Why an order from a campaign's own page was not taken, in words for whoever sent it."""

from django.utils.translation import gettext as _

from orders.forms import PlaceForm
from orders.services.place_order import (
    FormReused,
    LimitReached,
    NotBuyable,
    PriceChanged,
    Refused,
    SoldOut,
    Wanted,
)
from orders.views.checkout import NoContact

REFUSALS = (NotBuyable, PriceChanged, Refused, LimitReached, SoldOut, FormReused, NoContact)


def why_not(no: Exception, form: PlaceForm, wanted: Wanted | None, *, had_share: str) -> str:
    """The sentence to show; consent to another price is taken back from the form.

    `had_share` is said when the campaign's price fell away because this person had it before.
    """
    if isinstance(no, PriceChanged):
        form.ask_again()
        if wanted and no.quote.fingerprint == wanted.shown:
            return had_share
    if isinstance(no, NotBuyable):
        return " ".join(problem.message for problem in no.quote.problems)
    if isinstance(no, Refused):
        return str(no.assessment.message)
    if isinstance(no, LimitReached):
        return no.message
    return {
        SoldOut: _("Somebody was faster: there are not enough left. Nothing was charged."),
        PriceChanged: _("The price has changed since you looked. Please check it and agree again."),
        NoContact: _("Please verify a phone or a mail address in your account first."),
    }.get(type(no), _("This page was used before. Please look at it again and order anew."))
