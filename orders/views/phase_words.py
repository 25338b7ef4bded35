"""A plan's phases in words a person reads before they agree."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.offers import Offer
from orders.services.quote_parts import name_of
from orders.subscriptions.terms import MONTH, Phase
from orders.views.line import english


@dataclass(frozen=True, slots=True)
class PhaseShown:
    """One row of templates/orders/_phases.html; money in minor units."""

    when: str
    price_minor: int
    gift: str


def phases_shown(phases: Sequence[Phase], gifts: dict[str, Offer]) -> list[PhaseShown]:
    """The phases in order; `gifts` are the offers of the goods given, by SKU code."""
    return [
        PhaseShown(_when(phase, first=place == 0), phase.price_minor, _gift(phase, gifts))
        for place, phase in enumerate(phases)
    ]


def length_words(phase: Phase) -> str:
    """How long a period of the phase is: "month", "3 months", "30 days"."""
    if phase.unit == MONTH and phase.length == 1:
        return _("month")
    if phase.unit == MONTH:
        return ngettext("%(n)s month", "%(n)s months", phase.length) % {"n": phase.length}
    return ngettext("%(n)s day", "%(n)s days", phase.length) % {"n": phase.length}


def _when(phase: Phase, *, first: bool) -> str:
    length = length_words(phase)
    if phase.periods is None:
        text = _("Every %(length)s") if first else _("Then every %(length)s")
        return text % {"length": length}
    if phase.periods == 1:
        text = _("The first %(length)s") if first else _("Then one %(length)s")
        return text % {"length": length}
    text = (
        _("The first %(times)s times, every %(length)s")
        if first
        else _("Then %(times)s times, every %(length)s")
    )
    return text % {"times": phase.periods, "length": length}


def _gift(phase: Phase, gifts: dict[str, Offer]) -> str:
    offer = gifts.get(phase.gift)
    if not phase.gift or offer is None:
        return ""
    title = f"{name_of(offer)} {offer.sku_title_en if english() else offer.sku_title}".strip()
    named = {"gift": title, "units": phase.gift_units}
    if phase.gift_each and phase.periods != 1:
        return _("with %(units)s × %(gift)s free each time") % named
    return _("with %(units)s × %(gift)s free, once") % named
