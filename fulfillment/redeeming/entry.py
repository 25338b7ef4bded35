"""What a clerk's keyboard, scanner or camera sends, made plain before it is looked up.

A scanner types as fast as a keyboard can, into whatever input method is on: full-width letters,
Chinese punctuation and spaces are its usual marks. What a code of ours looks like is not known here.
"""

import unicodedata

from core.money import BadMoney, parse_minor

# Longer than any code of ours with its prefix and separators.
LONGEST = 64
LONGEST_AMOUNT = 12
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−ー一·・"), "-")
_COLONS = dict.fromkeys(map(ord, "︰꞉∶"), ":")
_STOPS = dict.fromkeys(map(ord, "。、,"), ".")
_SIGNS = dict.fromkeys(map(ord, "¥￥元$"))


def read_entry(text: str) -> str:
    """A code as it was meant: half-width, upper case, plain dashes, nothing invisible.

    Whether it is a code of ours is not asked here. At most LONGEST characters are read.
    """
    flat = unicodedata.normalize("NFKC", text[: 4 * LONGEST]).translate(_DASHES | _COLONS)
    seen = (sign for sign in flat if not sign.isspace() and unicodedata.category(sign)[0] != "C")
    return "".join(seen).upper()[:LONGEST]


def read_amount(text: str, currency: str) -> int | None:
    """An amount a clerk typed, in minor units of `currency`; None for what is none or not above zero.

    "12.5", "１２．５０", "12,5" and "¥12.50" are one amount; a thousands separator is not read.
    """
    flat = unicodedata.normalize("NFKC", text[: 4 * LONGEST_AMOUNT]).strip()
    plain = flat.translate(_SIGNS | _STOPS).strip()
    if not plain or len(plain) > LONGEST_AMOUNT:
        return None
    try:
        minor = parse_minor(plain, currency)
    except BadMoney:
        return None
    return minor if minor > 0 else None
