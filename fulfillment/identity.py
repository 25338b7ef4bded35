"""A Chinese identity number in its one spelling, its last sign checked (GB 11643-1999)."""

import re

from django.utils.translation import gettext_lazy as _

from risk.values import NotAValue

SHAPE = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"


def identity(text: str) -> str:
    """Eighteen signs, a final X in capitals. Raises NotAValue, whose text may be shown."""
    plain = "".join(text.split()).upper()
    if not SHAPE.fullmatch(plain):
        raise NotAValue(_("An identity number has 18 digits; the last may be an X."))
    total = sum(int(digit) * weight for digit, weight in zip(plain, WEIGHTS, strict=False))
    if CHECKS[total % 11] != plain[-1]:
        raise NotAValue(_("A digit of this identity number is wrong; please compare it."))
    return plain
