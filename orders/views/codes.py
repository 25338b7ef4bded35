"""Coupon codes as people type them, and what became of each."""

import re
from collections.abc import Sequence

from django.utils.translation import gettext as _

from orders.queries.promotions import live
from orders.services.find_rules import MOST_CODES
from orders.services.quote import Quote

BETWEEN = re.compile(r"[\s,，、;；]+")


def typed_codes(text: str) -> tuple[str, ...]:
    """The codes in a field, in capitals: one, or several with spaces or commas between them."""
    codes = dict.fromkeys(part.upper() for part in BETWEEN.split(text) if part)
    return tuple(codes)[:MOST_CODES]


def unused_codes(codes: Sequence[str], priced: Quote) -> list[str]:
    """A sentence for each code that did not make the cart cheaper."""
    used = {one.rule for one in priced.used}
    notes = []
    for code in codes:
        found = live().by_code.get(code)
        if found is None:
            notes.append(_("We do not know the code %(code)s.") % {"code": code})
        elif found.id not in used:
            text = _("The code %(code)s does not make this cart cheaper.")
            notes.append(text % {"code": code})
    return notes
