"""Who gains from whom: one person as two, a ring of friends, one person as many (M8).

Facts by value: `user` gains by `target`; `traits` says of each person by which marks they are known
("device:…", "contact:…", "account:…", "cluster:…", hashes all); `edges` are pairs (who brought, who
came) around them. Two persons with a mark in common count as one.
"""

from collections.abc import Iterable, Mapping, Sequence

from risk.rules.base import Finding, Parameters

Told = Mapping[str, object]
REFUSE = "refuse"


def one_person(*, rule: str, parameters: Parameters, told: Told) -> Finding | None:
    """Refuse when who came and who brought them are one person."""
    came, brought = str(told.get("user") or ""), str(told.get("target") or "")
    marks = _traits(told)
    if came == brought:
        return Finding(rule, REFUSE, "one_person", {"marks": "account"})
    common = marks.get(came, frozenset()) & marks.get(brought, frozenset())
    return Finding(rule, REFUSE, "one_person", {"marks": _kinds(common)}) if common else None


def ring(*, rule: str, parameters: Parameters, told: Told) -> Finding | None:
    """Refuse when whoever came had brought, at some remove, the one who brought them.

    Walks up at most `steps` edges; a person who shares a mark with the one who came is that one.
    """
    came, at = str(told.get("user") or ""), str(told.get("target") or "")
    marks = _traits(told)
    brought_by = {taker: giver for giver, taker in _edges(told)}
    for step in range(1, int(parameters["steps"]) + 1):
        at = brought_by.get(at, "")
        if not at:
            return None
        if at == came or marks.get(at, frozenset()) & marks.get(came, frozenset()):
            return Finding(rule, REFUSE, "ring", {"steps": step})
    return None


def crowd(*, rule: str, parameters: Parameters, told: Told) -> Finding | None:
    """Refuse who shares a mark with at least `others` others that the same person brought."""
    came, brought = str(told.get("user") or ""), str(told.get("target") or "")
    marks = _traits(told)
    mine = marks.get(came, frozenset())
    siblings = {taker for giver, taker in _edges(told) if giver == brought and taker != came}
    alike = [one for one in siblings if mine & marks.get(one, frozenset())]
    if len(alike) < max(1, int(parameters["others"])):
        return None
    common = frozenset[str]().union(*(mine & marks.get(one, frozenset()) for one in alike))
    return Finding(rule, REFUSE, "one_person", {"others": len(alike), "marks": _kinds(common)})


def _traits(told: Told) -> dict[str, frozenset[str]]:
    found = told.get("traits")
    if not isinstance(found, Mapping):
        return {}
    return {str(person): frozenset(map(str, marks)) for person, marks in found.items()}


def _edges(told: Told) -> Sequence[tuple[str, str]]:
    found = told.get("edges")
    if not isinstance(found, list | tuple):
        return ()
    return [(str(giver), str(taker)) for giver, taker in found]


def _kinds(marks: Iterable[str]) -> str:
    """Which kinds of marks, never the marks themselves."""
    return ", ".join(sorted({mark.partition(":")[0] for mark in marks}))
