"""Regular expressions written by operators: only those that cannot run away.

Python's engine backtracks, so a repeat inside a repeat can take exponential time on a short
text. Such patterns, back-references and long chains of open repeats are refused at set-up.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

MAX_PATTERN = 120
MAX_OPEN_REPEATS = 3
_BACK_REFERENCES = (_constants.GROUPREF, _constants.GROUPREF_EXISTS)
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
# Where each group keeps the pattern that it holds.
_NESTING = {
    _constants.SUBPATTERN: 3,
    _constants.ASSERT: 1,
    _constants.ASSERT_NOT: 1,
}


class UnsafePattern(ValueError):
    """The pattern could take very long on a short text, or is not a pattern at all."""


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """The compiled pattern. Raises UnsafePattern."""
    if len(pattern) > MAX_PATTERN:
        raise UnsafePattern("pattern too long")
    try:
        tree = _parser.parse(pattern)
        made = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise UnsafePattern(str(error)) from error
    repeats = list(_walk(tree, inside=False))
    if repeats.count("open") > MAX_OPEN_REPEATS:
        raise UnsafePattern("too many open repeats")
    return made


def _walk(tree: Any, *, inside: bool) -> Iterator[str]:
    for op, arg in tree:
        if op in _BACK_REFERENCES:
            raise UnsafePattern("back-references are not allowed")
        if op in _REPEATS:
            yield from _repeat(arg, inside=inside)
        elif op is _constants.BRANCH:
            if inside:
                raise UnsafePattern("alternatives inside a repeat are not allowed")
            for branch in arg[1]:
                yield from _walk(branch, inside=inside)
        elif op in _NESTING:
            yield from _walk(arg[_NESTING[op]], inside=inside)


def _repeat(arg: Any, *, inside: bool) -> Iterator[str]:
    low, high, body = arg
    if inside and low != high:
        raise UnsafePattern("a repeat inside a repeat is not allowed")
    if high == _constants.MAXREPEAT:
        yield "open"
    yield from _walk(body, inside=inside or high > 1)
