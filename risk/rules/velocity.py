"""No more than so many of something from one somebody in one window (R-LIM)."""

from risk.rules.base import Counter, Facts, Finding, Parameters, value_of


def counters(*, rule: str, parameters: Parameters, facts: Facts) -> tuple[Counter, ...]:
    """One window counter: `fact` names whose, `limit` how many, `seconds` how long."""
    value = value_of(facts, str(parameters["fact"]))
    if not value:
        return ()
    return (Counter(f"risk:{rule}:{value}", int(parameters["limit"]), int(parameters["seconds"])),)


def judge(*, rule: str, counter: Counter, used: int | None) -> Finding | None:
    """Limit when the window was full already (`used` is None) or, in a dry run, is overfull."""
    if used is not None and used <= counter.limit:
        return None
    return Finding(rule, "limit", "too_often", {"limit": counter.limit, "seconds": counter.seconds})
