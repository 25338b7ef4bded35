"""Template tags of the catalogue's pages: faces, names in the reader's language, validity."""

from typing import Any

from django import template
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from catalog.faces import offer_face
from catalog.offers import Offer
from core.money import decimal_text

register = template.Library()


@register.inclusion_tag("parts/card_face.html")
def card_face(offer: Offer, muted: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002  template syntax
    """`{% card_face offer %}`, `{% card_face offer True %}` for what is sold out or spent."""
    return {"face": offer_face(offer, get_language() or ""), "muted": muted}


@register.filter
def named(thing: Any, field: str = "title") -> str:
    """`{{ page|named:"title" }}` gives title or title_en, whichever the reader understands."""
    english = (get_language() or "").startswith("en")
    own = getattr(thing, f"{field}_en" if english else field, "")
    return own or getattr(thing, field, "")


@register.filter
def validity(offer: Offer) -> str:
    """How long the goods of an offer are good for, as a sentence."""
    rule = offer.validity
    if rule.kind == "on_delivery":
        return _("Takes effect as soon as it is credited")
    if rule.kind == "window" and rule.starts and rule.ends:
        return _("Valid from %(start)s to %(end)s") % {"start": rule.starts, "end": rule.ends}
    if rule.kind in ("from_purchase", "from_activation"):
        length = _length(rule.days, rule.months)
        if rule.kind == "from_purchase":
            return _("Valid for %(length)s from purchase") % {"length": length}
        return _("Valid for %(length)s from activation") % {"length": length}
    return _("Does not expire")


def _length(days: int | None, months: int | None) -> str:
    if months:
        return ngettext("%(n)s month", "%(n)s months", months) % {"n": months}
    return ngettext("%(n)s day", "%(n)s days", days or 0) % {"n": days or 0}


@register.filter
def decimal(minor: int, currency: str = "CNY") -> str:
    """Minor units as a plain decimal for machines: 98.50."""
    return decimal_text(minor, currency)
