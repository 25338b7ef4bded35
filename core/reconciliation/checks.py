"""Comparisons inside our own house: statements in SQL, each one snapshot, each row a difference.

A check's `sql` returns one row per difference with the columns number, subject, ours (json), theirs
(json), delta (minor units), currency; `count` how many things were looked at. Both may use
%(start)s and %(end)s of the day and %(now)s.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.models import BreakKind, Comparison, Difference
from core.reconciliation.differences import MOST_KEPT, Correction
from core.reconciliation.runs import Party
from core.reconciliation.values import Break, Fetched, Result, Unavailable, day_bounds
from core.sockets import Socket

NEXT_STEP = _("Open the trace, find the cause, then correct or explain.")
Corrections = Callable[[Difference], Sequence[Correction]]


def no_corrections(_difference: Difference) -> Sequence[Correction]:
    """For differences that a journal would only hide."""
    return ()


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison in SQL. `what` names the things, `next_step` tells a person what to do."""

    title: str | Promise
    what: str
    sql: str
    count: str
    kind: str = BreakKind.LEDGER
    next_step: str | Promise = NEXT_STEP
    corrections: Corrections = no_corrections


class CheckRun:
    """A run made of checks; each check is one party. Floors above add theirs to `checks`."""

    reads_statements = False

    def __init__(self, name: str, title: str | Promise) -> None:
        self.name, self.title = name, title
        self.checks: Socket[Check] = Socket(f"checks of {name}")

    def parties(self) -> Sequence[Party]:
        return [Party(code, check.title) for code, check in self.checks.all().items()]

    def fetch(self, party: str, day: date, *, now: datetime) -> Fetched:
        raise Unavailable("nothing is fetched for this run")

    def read(self, party: str, raw: bytes) -> Fetched:
        raise Unavailable("this run reads no files")

    def compare(self, party: str, day: date, *, now: datetime) -> Result:
        check = self.checks.get(party)
        start, end = day_bounds(day)
        params = {"start": start, "end": end, "now": now}
        result = Result()
        with connection.cursor() as cursor:
            cursor.execute(check.sql, params)
            rows = cursor.fetchmany(MOST_KEPT)
            cursor.execute(check.count, params)
            (result.ours_count,) = cursor.fetchone()
        result.breaks = [_break(check, row) for row in rows]
        result.theirs_count = result.ours_count
        result.matched = max(0, result.ours_count - len(result.breaks))
        for each in result.breaks:
            result.add(each.currency, "disputed", abs(each.delta_minor))
        return result

    def conclude(self, comparison: Comparison, *, now: datetime) -> None:
        """Nothing follows."""

    def corrections(self, difference: Difference) -> Sequence[Correction]:
        return self.checks.get(difference.comparison.party).corrections(difference)

    def next_step(self, difference: Difference) -> str | Promise:
        return self.checks.get(difference.comparison.party).next_step


def _break(check: Check, row: Sequence[Any]) -> Break:
    number, subject, ours, theirs, delta, currency = row
    ours, theirs = (json.loads(each) if isinstance(each, str) else each for each in (ours, theirs))
    return Break(
        kind=check.kind, what=check.what, number=number, subject=subject,
        delta_minor=int(delta), currency=currency, ours=ours, theirs=theirs,
    )  # fmt: skip
