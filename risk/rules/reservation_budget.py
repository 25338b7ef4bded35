"""What one person and one address may keep from others without paying (O4).

Open orders and their units are taken from a budget when an order is placed and given back when it
is paid, cancelled or expires. Without this a script could hold the whole stock for nothing.
"""

from risk.rules.base import Counter, Facts, Finding, Parameters, value_of

SCOPES = (
    # parameter, whose, what an order takes: a fact, or one
    ("orders_per_person", "person", ""),
    ("orders_per_ip", "ip", ""),
    ("units_per_person", "person", "units"),
)


def counters(*, rule: str, parameters: Parameters, facts: Facts) -> tuple[Counter, ...]:
    """The budget counters of a request; those whose somebody is unknown are left out."""
    found = []
    for name, whose, amount in SCOPES:
        value = value_of(facts, whose)
        if value:
            taken = int(facts.get(amount) or 0) if amount else 1
            found.append(Counter(f"budget:{name}:{value}", int(parameters[name]), 0, taken))
    return tuple(found)


def judge(*, rule: str, counter: Counter, used: int | None) -> Finding | None:
    """Limit when the budget could not be taken (`used` is None) or, in a dry run, is overdrawn."""
    if used is not None and used <= counter.limit:
        return None
    name = counter.key.split(":")[1]
    return Finding(
        rule,
        "limit",
        "too_many_open",
        {"budget": name, "limit": counter.limit, "asked": counter.amount},
    )
