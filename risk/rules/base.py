"""Plain values that rules speak in. Nothing here or beside it knows Django or a database."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

Facts = Mapping[str, str | int | bool]
Parameters = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Counter:
    """Something counted for a rule: `seconds` > 0 is a window, 0 a budget that is given back."""

    key: str
    limit: int
    seconds: int
    amount: int = 1


@dataclass(frozen=True, slots=True)
class Listed:
    """A list entry that names somebody in this request."""

    entry: str
    list: str
    kind: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule has something to say, and why. `details` are figures, never private data."""

    rule: str
    verdict: str
    reason: str
    details: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule at a point, under its own key, with the parameters in force."""

    key: str
    point: str
    rule: str
    parameters: Parameters
    enabled: bool = True
    dry_run: bool = False


MAX_KEY_PART = 64


def value_of(facts: Facts, names: str) -> str:
    """Whose count it is: the fact `names`, or several joined by +; empty when any is missing."""
    values = [str(facts.get(name) or "") for name in names.split("+")]
    if not all(values):
        return ""
    joined = "+".join(values)
    return joined if len(joined) <= MAX_KEY_PART else hashlib.sha256(joined.encode()).hexdigest()
