"""The socket of the trace: floors above add how they find a chain and what they know of it (F13)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.sockets import Socket


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a chain. ``stage`` is a short translated word, ``tone`` one of info, success,
    warning, danger; ``url`` leads to the row in the back office. Never clear text of a code.
    """

    at: datetime
    stage: str
    title: str
    detail: str = ""
    tone: str = "info"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something of the chain is not done, and what to do next; both translated sentences."""

    about: str
    cause: str
    next_action: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tracer:
    """A floor's part. ``find`` turns what was typed (an id, a number, a phone) into references;
    ``facts`` and ``troubles`` tell of one reference.
    """

    find: Callable[[str], Sequence[str]]
    facts: Callable[[str], Sequence[Fact]]
    troubles: Callable[[str], Sequence[Trouble]] = field(default=lambda _reference: ())


#: Filled from ``AppConfig.ready()`` of each floor that knows part of the chain.
TRACERS: Socket[Tracer] = Socket("tracers")

#: Chains shown for one search; a phone may have more, the newest count.
MOST_CHAINS = 20


@dataclass(frozen=True, slots=True)
class Chain:
    """Everything known of one reference, oldest first."""

    reference: str
    facts: tuple[Fact, ...]
    troubles: tuple[Trouble, ...]


def find_references(text: str) -> list[str]:
    """References that any floor knows under this text, at most MOST_CHAINS."""
    found: dict[str, None] = {}
    for tracer in TRACERS:
        found.update(dict.fromkeys(tracer.find(text)))
    return list(found)[:MOST_CHAINS]


def chain_of(reference: str) -> Chain:
    """All floors' facts of a reference in order of time, and what stands in the way."""
    facts = [fact for tracer in TRACERS for fact in tracer.facts(reference)]
    troubles = [trouble for tracer in TRACERS for trouble in tracer.troubles(reference)]
    return Chain(reference, tuple(sorted(facts, key=lambda fact: fact.at)), tuple(troubles))
