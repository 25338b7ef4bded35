"""What units were sold as a part of, as far as their owner's wallet tells it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from core.sockets import Socket


@dataclass(frozen=True, slots=True)
class Origin:
    """The whole that a unit was a part of, in the reader's language; `note` says how far it came."""

    key: str
    title: str
    note: str
    # Something of it did not come, or was given back.
    lacks: bool


#: Filled by floors above: (lines of units, language) → the origin of those that have one.
ORIGINS: Socket[Callable[[Collection[str], str], dict[str, Origin]]] = Socket("origins of units")


def origins_of(lines: Collection[str], language: str) -> dict[str, Origin]:
    """The origins of these lines. The caller has checked that the reader bought them."""
    found: dict[str, Origin] = {}
    for tell in ORIGINS:
        found |= tell(lines, language)
    return found
