from collections.abc import Mapping
from datetime import datetime

from core.ids import new_id
from core.tx import in_transaction, part, step
from risk.clusters import with_clusters
from risk.facts import countable, kept, wanted
from risk.judging import asked_of, direct, judge
from risk.models import Assessment
from risk.queries import count_and_keep
from risk.rulebook import rulebook
from risk.services.give_back import give_back
from risk.states import Reason, Verdict


def assess(*, point: str, subject: str, facts: Mapping[str, object], now: datetime) -> Assessment:
    """Judge a request at a point and keep the assessment. A part, or its own step without one.

    `subject` is what the request is about (an order id, a hashed contact); at `order` it is the
    name under which budgets are given back. Facts by value: `ip`, `contact` (index as hex),
    `user` (public id), `units`, `total_minor` (minor units), `currency`, `channel`, `target`,
    `device`, and for relations `traits` and `edges` (rules/kinship.py), which are judged and not
    kept; unknown ones are not kept either. A clean request costs one statement.

    When `.stops`, the caller rolls its transaction back and calls `record_refusal`; what was taken
    from budgets is given back here already, in case it does not. Rules: R-LIM, O4.
    """
    if in_transaction():
        return _assess(point=point, subject=subject, told=facts, now=now)
    with step():
        return _assess(point=point, subject=subject, told=facts, now=now)


@part
def _assess(*, point: str, subject: str, told: Mapping[str, object], now: datetime) -> Assessment:
    book = rulebook()
    standing = book.points.get(point, ())
    asked = asked_of(standing, countable(told))
    findings = direct(standing, with_clusters(told))
    lists_stand = any(rule.rule == "lists" for rule in standing)
    found = Assessment(
        public_id=new_id("rsk"),
        point=point,
        subject=subject,
        facts=kept(told),
        verdict=Verdict.ALLOW.value,
        reason=Reason.CLEAN.value,
        rules=[],
        at=now,
    )
    counted = count_and_keep(
        public_id=found.public_id,
        point=point,
        subject=subject,
        facts=found.facts,
        who=wanted(told, book) if lists_stand else (),
        asked=asked,
        now=now,
        keep=not findings,
    )
    if counted.stored:
        return found
    judgement = judge(
        standing=standing, asked=asked, listed=counted.listed, used=counted.used, told=findings
    )
    found.verdict, found.reason, found.rules = judgement.verdict, judgement.reason, judgement.rules
    found.save(force_insert=True)
    if found.stops:
        give_back(subject=subject, now=now)
    return found
