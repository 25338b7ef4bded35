"""The tokens under which a product is found, each with its weight. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.search.text import MAX_TOKEN, grams, is_chinese, normalise, pinyin_starts, runs

GRAM, PINYIN, INITIALS, WORD = "g", "p", "i", "w"
# A match in the name says most about what somebody wants, one in a tag least.
NAME, BRAND, SKU, CATEGORY, TAG = 10, 8, 5, 3, 2
MAX_TOKENS = 600


@dataclass(frozen=True, slots=True)
class Named:
    """A text of a product and what a match in it is worth."""

    text: str
    weight: int


def tokens_of(texts: Iterable[Named]) -> dict[tuple[str, str], int]:
    """(kind, token) → weight, the best weight of each; at most MAX_TOKENS by weight."""
    found: dict[tuple[str, str], int] = {}

    def add(kind: str, token: str, weight: int) -> None:
        key = (kind, token[:MAX_TOKEN])
        found[key] = max(found.get(key, 0), weight)

    for named in texts:
        text = normalise(named.text)
        for run in runs(text):
            if is_chinese(run):
                for gram in grams(run):
                    add(GRAM, gram, named.weight)
                for character in run:
                    add(GRAM, character, max(1, named.weight // 3))
            else:
                add(WORD, run, named.weight)
        for full, initials in pinyin_starts(text):
            add(PINYIN, full, max(1, named.weight - 1))
            if len(initials) > 1:
                add(INITIALS, initials, max(1, named.weight - 2))
    best = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return dict(best[:MAX_TOKENS])
