"""Block and allow lists. A block entry wins, except that an allowed address lifts a blocked network."""

from collections.abc import Sequence

from risk.rules.base import Finding, Listed


def judge(*, rule: str, listed: Sequence[Listed]) -> Finding | None:
    """Refuse who is on a block list; name who is on an allow list. None when nobody is listed."""
    allowed = [entry for entry in listed if entry.list == "allow"]
    lifted = any(entry.kind == "ip" for entry in allowed)
    blocked = [
        entry
        for entry in listed
        if entry.list == "block" and not (entry.kind == "network" and lifted)
    ]
    if blocked:
        return Finding(rule, "refuse", "blocked", _details(blocked[0]))
    if allowed:
        return Finding(rule, "allow", "trusted", _details(allowed[0]))
    return None


def _details(entry: Listed) -> dict[str, str | int]:
    return {"entry": entry.entry, "kind": entry.kind}
