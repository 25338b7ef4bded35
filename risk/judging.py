"""From counted facts to a verdict: pure, and the same for the wide statement and the plain road."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.sockets import Socket
from risk.rules import kinship, lists, reservation_budget, velocity
from risk.rules.base import Counter, Facts, Finding, Listed, Standing
from risk.states import SEVERITY, Reason, Verdict


@dataclass(frozen=True, slots=True)
class Asked:
    """A counter a standing rule wants counted."""

    standing: Standing
    counter: Counter


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: str
    reason: str
    rules: list[dict[str, object]]


COUNTERS = {"velocity": velocity.counters, "reservation_budget": reservation_budget.counters}
# Rules that judge what they are told and count nothing; an engine with more to say adds its own.
DIRECT: Socket[Callable[..., Finding | None]] = Socket("direct rules")
DIRECT.register("one_person", kinship.one_person)
DIRECT.register("ring", kinship.ring)
DIRECT.register("crowd", kinship.crowd)


def asked_of(standing: Sequence[Standing], facts: Facts) -> tuple[Asked, ...]:
    """Every counter the rules at this point want, by key (the order in which rows are locked)."""
    found = [
        Asked(rule, counter)
        for rule in standing
        if rule.rule in COUNTERS
        for counter in COUNTERS[rule.rule](rule=rule.key, parameters=rule.parameters, facts=facts)
    ]
    return tuple(sorted(found, key=lambda asked: asked.counter.key))


def direct(
    standing: Sequence[Standing], told: Mapping[str, object]
) -> tuple[tuple[Finding, bool], ...]:
    """What rules find in the facts alone, and whether each is in dry run."""
    found = []
    for rule in standing:
        if (chosen := DIRECT.find(rule.rule)) is None:
            continue
        finding = chosen(rule=rule.key, parameters=rule.parameters, told=told)
        if finding is not None:
            found.append((finding, rule.dry_run))
    return tuple(found)


def judge(
    *,
    standing: Sequence[Standing],
    asked: Sequence[Asked],
    listed: Sequence[Listed],
    used: Mapping[str, int],
    told: Sequence[tuple[Finding, bool]] = (),
) -> Judgement:
    """The verdict over what was found: `used` has each counter's new value, or nothing if refused.

    `told` is what `direct` found. The worst finding of a rule that is not in dry run holds; who is
    on an allow list is not limited. Every finding is kept, so that the decision explains itself.
    """
    findings: list[tuple[Finding, bool]] = []
    trusted = False
    for rule in standing:
        if rule.rule == "lists" and (finding := lists.judge(rule=rule.key, listed=listed)):
            findings.append((finding, rule.dry_run))
            trusted = finding.reason == Reason.TRUSTED and not rule.dry_run
    if not trusted:
        findings += told
    for one in asked:
        finding = _judge_counter(one, used.get(one.counter.key))
        if finding and not trusted:
            findings.append((finding, one.standing.dry_run))
    return _sum_up(findings)


def _judge_counter(asked: Asked, used: int | None) -> Finding | None:
    rule, counter = asked.standing, asked.counter
    if rule.rule == "velocity":
        return velocity.judge(rule=rule.key, counter=counter, used=used)
    return reservation_budget.judge(rule=rule.key, counter=counter, used=used)


def _sum_up(findings: Sequence[tuple[Finding, bool]]) -> Judgement:
    live = [finding for finding, dry in findings if not dry]
    worst = max(live, key=lambda f: SEVERITY[f.verdict], default=None)
    return Judgement(
        verdict=worst.verdict if worst else Verdict.ALLOW.value,
        reason=worst.reason if worst else Reason.CLEAN.value,
        rules=[
            {
                "rule": finding.rule,
                "verdict": finding.verdict,
                "reason": finding.reason,
                "details": dict(finding.details),
                "dry_run": dry,
            }
            for finding, dry in findings
        ],
    )
