"""One way to clean a text before it is judged, hashed and sealed: the vault's normal form."""

import re
import unicodedata

# Characters that print nothing and so hide differences: zero width, joiners, direction marks.
INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufe00-\ufe0f]"
)
FORMULA = ("=", "+", "-", "@")
REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
BROKEN = "\ufffd"


def clean(text: str) -> str:
    """Trim, fold full-width and compatibility forms (NFKC), drop characters of no width."""
    if text.isascii():
        return text.strip()
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", INVISIBLE.sub("", text))).strip()


def has_control(text: str) -> bool:
    """Whether something in it is not a character a person could type or read."""
    if text.isascii():
        return not text.isprintable()
    return any(unicodedata.category(char) in REFUSED_CATEGORIES for char in text)


def looks_like_formula(text: str) -> bool:
    """Whether a spreadsheet would run it instead of showing it (E04, E06)."""
    return text.startswith(FORMULA)


def tail(text: str, *, most: int = 4) -> str:
    """What lists may show of a number: at most its last `most` characters, never half of it."""
    shown = min(most, len(text) // 2)
    return "••••" + (text[-shown:] if shown else "")
