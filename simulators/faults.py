"""Scripted faults: which rule strikes which call. What a fault then does lies beside the call."""

import random
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

BEFORE = frozenset({"delay", "drop_before", "error_before", "rate_limited", "redirect"})
AFTER = frozenset({"delay_after", "drop_after", "error_after", "rate_limited_after"})
ANSWER = frozenset({"half_body", "bad_signature", "wrong_nonce", "stale_reply", "bom", "charset"})
HOSTILE = frozenset({"not_json", "empty", "huge", "gzip_bomb", "slow_loris"})
LINE = BEFORE | AFTER | ANSWER | HOSTILE


@dataclass
class Rule:
    id: int
    op: str
    fault: str
    match: dict[str, str] = field(default_factory=dict)
    times: int | None = None
    chance: float = 1.0
    params: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    hits: int = 0

    def fits(self, op: str, facts: Mapping[str, str]) -> bool:
        if self.op not in ("*", op) or (self.times is not None and self.hits >= self.times):
            return False
        return all(facts.get(name) == value for name, value in self.match.items())


class Plan:
    """The faults of one call."""

    def __init__(self, hits: Mapping[str, dict[str, Any]] | None = None) -> None:
        self._hits = dict(hits or {})

    def __contains__(self, fault: str) -> bool:
        return fault in self._hits

    def get(self, fault: str, name: str, default: Any) -> Any:
        return self._hits.get(fault, {}).get(name, default)

    def as_dict(self) -> dict[str, dict[str, Any]]:
        return dict(self._hits)


class Rules:
    def __init__(self, *, seed: int, known: Mapping[str, frozenset[str]]) -> None:
        """`known` maps an operation to the faults it understands."""
        self._seed = seed
        self._known = known
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._next = 1

    def add(self, spec: Mapping[str, Any]) -> int:
        """Add a rule; raises ValueError for a fault which would silently do nothing."""
        rest = dict(spec)
        op, fault = str(rest.pop("op", "*")), str(rest.pop("fault", ""))
        known = frozenset().union(*self._known.values()) if op == "*" else self._known.get(op)
        if known is None or fault not in known:
            raise ValueError(f"no fault {fault!r} on {op!r}")
        match = {str(k): str(v) for k, v in dict(rest.pop("match", None) or {}).items()}
        times, chance = rest.pop("times", None), float(rest.pop("chance", 1.0))
        with self._lock:
            rule = Rule(self._next, op, fault, match, times, chance, rest)
            self._rules.append(rule)
            self._next += 1
            return rule.id

    def clear(self, rule_id: int | None = None) -> None:
        with self._lock:
            self._rules = [r for r in self._rules if rule_id is not None and r.id != rule_id]

    def listed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def plan(self, op: str, facts: Mapping[str, str]) -> Plan:
        hits: dict[str, dict[str, Any]] = {}
        known = self._known.get(op, frozenset())
        with self._lock:
            for rule in self._rules:
                if rule.fault in known and rule.fits(op, facts) and self._drawn(rule, op):
                    rule.hits += 1
                    hits[rule.fault] = rule.params
        return Plan(hits)

    def _drawn(self, rule: Rule, op: str) -> bool:
        rule.seen += 1
        if rule.chance >= 1.0:
            return True
        draw = random.Random(f"{self._seed}:{rule.id}:{op}:{rule.seen}")
        return draw.random() < rule.chance
