"""Making what people type comparable, before any validator sees it."""

import unicodedata

MAX_CHARACTERS = 200


def normalise(text: str) -> str:
    """Full-width forms become plain, invisible and control characters go, ends are trimmed."""
    folded = unicodedata.normalize("NFKC", text[: MAX_CHARACTERS * 4])
    visible = "".join(ch for ch in folded if unicodedata.category(ch) not in ("Cc", "Cf", "Cs"))
    return visible.strip()


def digits_only(text: str) -> str:
    """The text without the spaces and dashes that people put into long numbers."""
    return "".join(ch for ch in text if ch not in " -‐‑–—·.")
