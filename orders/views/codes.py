"""Coupon codes as people type them, and what became of each."""

import re
from collections.abc import Sequence
from datetime import datetime

from django.http import HttpRequest
from django.utils.translation import gettext as _

from core import limits
from orders.models import Coupon
from orders.queries.coupons import code_index
from orders.queries.promotions import live
from orders.services.find_rules import MOST_CODES
from orders.services.quote import Quote
from risk.requests import client_ip
from risk.values import ip_key

LONGEST_POINTS = 9
BETWEEN = re.compile(r"[\s,，、;；]+")
# Codes that nobody knows, from one address; after that codes are not looked at for an hour.
GUESSES_AN_HOUR = 40


def typed_codes(text: str) -> tuple[str, ...]:
    """The codes in a field, in capitals: one, or several with spaces or commas between them."""
    codes = dict.fromkeys(part.upper() for part in BETWEEN.split(text) if part)
    return tuple(codes)[:MOST_CODES]


def within_tries(
    request: HttpRequest, codes: tuple[str, ...], *, now: datetime
) -> tuple[tuple[str, ...], list[str]]:
    """The codes, or none of them and a sentence after too many wrong ones; counted in PostgreSQL."""
    if not codes:
        return codes, []
    key = f"codes:{ip_key(client_ip(request))}"
    allowed = limits.left(key, limit=GUESSES_AN_HOUR, seconds=3600, now=now) > 0
    for code in codes if allowed else ():
        if code not in live().by_code and not _printed(code):
            limits.hit(key, limit=GUESSES_AN_HOUR, seconds=3600, now=now)
    if allowed:
        return codes, []
    return (), [_("Too many codes were tried from here. Please come back in an hour.")]


def typed_points(text: str) -> int:
    """How many points somebody wants to use; what is no number is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_POINTS else 0


def unused_codes(codes: Sequence[str], priced: Quote) -> list[str]:
    """A sentence for each code that did not make the cart cheaper.

    Of a printed code nothing is told: used, void, somebody else's and unknown sound alike.
    """
    used = {one.rule for one in priced.used}
    notes = []
    for code in codes:
        found = live().by_code.get(code)
        if found is None and _is_used(code, priced):
            continue
        if found is None:
            text = _("The code %(code)s is unknown, used, or not for this cart.")
            notes.append(text % {"code": code})
        elif found.id not in used:
            text = _("The code %(code)s does not make this cart cheaper.")
            notes.append(text % {"code": code})
    return notes


def _printed(code: str) -> bool:
    index = code_index(code)
    return index is not None and Coupon.objects.filter(code_index=index).exists()


def _is_used(code: str, priced: Quote) -> bool:
    index = code_index(code)
    if index is None or not priced.coupons:
        return False
    return Coupon.objects.filter(code_index=index, public_id__in=priced.coupons).exists()
