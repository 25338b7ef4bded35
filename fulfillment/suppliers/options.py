"""What a dialect leaves open and one connection fills in: separator, charset, further codes. Pure.

Suppliers of one family sign, encode and name their refusals a little differently; that is data of
the connection (reliability.md 2.2), never a copy of the adapter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.foreign import is_text

WORD_CHARACTERS, MOST_WORDS = 64, 64


class BadOptions(ValueError):
    """The dialect does not know such an option, or not this value; the text names it."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a connection may set.

    With ``choices`` the value is one of them; else it is of the default's kind: a switch, a text
    of at most 64 characters, or a list of at most 64 such texts. ``help`` is for the back office.
    """

    default: str | bool | tuple[str, ...]
    choices: tuple[str, ...] = ()
    help: str = ""

    def read(self, value: object) -> str | bool | tuple[str, ...] | None:
        """The value as the adapter takes it; None when it is not one."""
        if isinstance(self.default, bool):
            return value if isinstance(value, bool) else None
        if isinstance(self.default, str):
            fits = value in self.choices if self.choices else _is_word(value)
            return str(value) if fits else None
        if not isinstance(value, list | tuple) or len(value) > MOST_WORDS:
            return None
        return tuple(value) if all(_is_word(word) for word in value) else None


def read_options(given: Mapping[str, Any], known: Mapping[str, Option]) -> dict[str, Any]:
    """Every option of a dialect, given or by default. Raises BadOptions."""
    if strange := sorted(set(given) - set(known)):
        raise BadOptions(f"{strange[0]}: no such option")
    found = {name: option.default for name, option in known.items()}
    for name, value in given.items():
        read = known[name].read(value)
        if read is None:
            raise BadOptions(f"{name}: {str(value)[:40]!r} is none of its values")
        found[name] = read
    return found


def _is_word(value: object) -> bool:
    return is_text(value) and len(str(value)) <= WORD_CHARACTERS
