"""Understanding what was typed: terms that must all match, each in one of several ways. Pure."""

from dataclasses import dataclass

from catalog.search.document import GRAM, INITIALS, PINYIN, WORD
from catalog.search.text import grams, is_chinese, normalise, runs, syllables

MAX_TERMS = 6
MAX_WAYS = 24
LONGEST_GRAM = 2


@dataclass(frozen=True, slots=True)
class Way:
    """One way to match a term: all `tokens` of a kind; `prefix` takes the start of a token."""

    kind: str
    tokens: tuple[str, ...]
    prefix: bool
    worth: int


@dataclass(frozen=True, slots=True)
class Term:
    """A run of the query and its ways, the best first."""

    text: str
    ways: tuple[Way, ...]


def understand(query: str) -> tuple[Term, ...]:
    """The terms of a query; empty when nothing in it can be searched."""
    return tuple(_term(run) for run in runs(normalise(query))[:MAX_TERMS])


def _term(run: str) -> Term:
    return Term(run, _chinese(run) if is_chinese(run) else _latin(run))


def _chinese(run: str) -> tuple[Way, ...]:
    ways = [Way(GRAM, tuple(dict.fromkeys(grams(run)))[:MAX_WAYS], prefix=False, worth=10)]
    if len(run) > LONGEST_GRAM:
        # 黄金会员 finds 黄金VIP会员: its characters are all there, though not side by side.
        ways.append(Way(GRAM, tuple(dict.fromkeys(run))[:MAX_WAYS], prefix=False, worth=6))
    spoken = "".join(syllables(run))
    if len(run) > 1 and spoken:
        # 爱奇异 sounds like 爱奇艺: the sound finds what a wrong character hides.
        ways.append(Way(PINYIN, (spoken,), prefix=True, worth=6))
    return tuple(ways)


def _latin(run: str) -> tuple[Way, ...]:
    ways = [
        Way(WORD, (run,), prefix=False, worth=10),
        Way(WORD, (run,), prefix=True, worth=8),
        Way(PINYIN, (run,), prefix=True, worth=8),
    ]
    if len(run) > 1 and not run.isdigit():
        ways.append(Way(INITIALS, (run,), prefix=True, worth=6))
    return tuple(ways)
