"""Words to search by: Chinese bigrams, pinyin with and without vowels, Latin words. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

MAX_QUERY = 64
MAX_TOKEN = 48
MAX_SYLLABLES = 8
_RUNS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[0-9a-z]+")


def normalise(text: str) -> str:
    """Lower case, plain width, no accents, one space between words; at most MAX_QUERY characters."""
    folded = unicodedata.normalize(
        "NFKD", unicodedata.normalize("NFKC", text[:MAX_QUERY]).casefold()
    )
    plain = "".join(ch for ch in folded if not unicodedata.combining(ch))
    plain = unicodedata.normalize("NFC", plain)
    return " ".join("".join(ch if ch.isalnum() else " " for ch in plain).split())[:MAX_QUERY]


def runs(text: str) -> list[str]:
    """The Chinese runs and the Latin or digit runs of a normalised text, in order."""
    return _RUNS.findall(text)


def is_chinese(run: str) -> bool:
    return run[0] > "\u2fff"


def grams(run: str) -> list[str]:
    """Bigrams of a Chinese run; a single character is itself."""
    return [run] if len(run) == 1 else [run[i : i + 2] for i in range(len(run) - 1)]


@lru_cache(maxsize=8192)
def syllables(run: str) -> tuple[str, ...]:
    """Pinyin of a Chinese run without tones: 爱奇艺 gives ai, qi, yi."""
    return tuple(
        part.replace("ü", "v") for part in lazy_pinyin(run, style=Style.NORMAL, errors="ignore")
    )


def spoken(text: str) -> tuple[str, ...]:
    """Syllables of a mixed text, Latin runs whole: 芒果tv gives mang, guo, tv."""
    found: list[str] = []
    for run in runs(text):
        found.extend(syllables(run) if is_chinese(run) else (run,))
    return tuple(found)


def pinyin_starts(text: str) -> Iterator[tuple[str, str]]:
    """From every syllable on: the run of syllables, and of their initials.

    A prefix search over them finds 黄金 in 爱奇艺黄金会员 by `huangj` and by `hj`.
    """
    parts = spoken(text)
    if all(part in runs(text) for part in parts):
        return
    for start in range(len(parts)):
        tail = parts[start : start + MAX_SYLLABLES]
        yield "".join(tail)[:MAX_TOKEN], "".join(part[0] for part in tail)[:MAX_TOKEN]
