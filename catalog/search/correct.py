"""Typing mistakes: the nearest word of the shop's own vocabulary. Pure."""

from collections.abc import Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 3


def nearest(word: str, vocabulary: Sequence[str]) -> str | None:
    """The nearest known word: one slip up to five letters, two from six, three from ten.

    A slip is a letter wrong, missing, too many, or two swapped. None when nothing is near.
    """
    if len(word) < SHORTEST:
        return None
    allowed = 1 if len(word) < 6 else 2 if len(word) < 10 else 3  # noqa: PLR2004
    found = process.extractOne(word, vocabulary, scorer=OSA.distance, score_cutoff=allowed)
    return None if found is None else str(found[0])
