"""Who belongs together by what others know: a socket, so that a graph may say more than its callers."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from core.sockets import Socket

# Each answers for people (public ids) with marks such as "cluster:…", hashes or ids, nothing in clear.
CLUSTERS: Socket[Callable[[Sequence[str]], Mapping[str, Iterable[str]]]] = Socket("clusters")


def with_clusters(told: Mapping[str, object]) -> Mapping[str, object]:
    """The facts with the marks of everybody who fills the socket; as they are without `traits`."""
    traits = told.get("traits")
    if not isinstance(traits, Mapping) or not len(CLUSTERS):
        return told
    people = sorted(map(str, traits))
    merged = {person: {*traits[person]} for person in people}
    for cluster in CLUSTERS:
        for person, marks in cluster(people).items():
            merged.setdefault(person, set()).update(marks)
    return {**told, "traits": merged}
