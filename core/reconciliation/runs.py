"""The daily comparisons: which there are, and how one is carried out, whatever it compares.

A floor hangs its runs into RUNS. A run fetches the other side's statement (outside any
transaction), then says what differs; keeping the figures and the cases is done here, so that a
second run of the same day changes nothing unless the world has changed.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

import structlog
from django.utils.functional import Promise

from core import limits
from core.each import each
from core.models import Comparison, Difference, DifferenceState, Statement, StatementLine
from core.reconciliation.differences import Correction, settle_breaks
from core.reconciliation.statements import current_statement, keep_statement
from core.reconciliation.turn import take_turn
from core.reconciliation.values import DAY, ZONE, Fetched, Result, Unavailable, day_of
from core.sockets import Socket
from core.tx import part, step

log = structlog.get_logger(__name__)

RUNNER = "system"
#: Statements of a day are ready by this hour of the next one, in Shanghai.
READY_HOUR = 9
#: A statement that is not to be had is asked for so often an hour, and no more.
TRIES_AN_HOUR = 2
#: Days back that are still compared when their statement is late or a difference is open.
DAYS_BACK = 7
CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Party:
    """Who is compared with: a code for the books and a name for people."""

    code: str
    title: str | Promise


class Run(Protocol):
    """One kind of comparison. `reads_statements` tells those with a file from the other side."""

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str | Promise: ...

    @property
    def reads_statements(self) -> bool: ...

    def parties(self) -> Sequence[Party]:
        """Who there is to compare with at this moment."""
        ...

    def fetch(self, party: str, day: date, *, now: datetime) -> Fetched:
        """Get the statement of a day from outside. Raises Unavailable."""
        ...

    def read(self, party: str, raw: bytes) -> Fetched:
        """Read a file that a person brought. Raises Unavailable when it is no such statement."""
        ...

    def compare(self, party: str, day: date, *, now: datetime) -> Result:
        """Say what differs. May call outside; opens no transaction of its own for that."""
        ...

    def conclude(self, comparison: Comparison, *, now: datetime) -> None:
        """What follows inside the comparison's own transaction (a part), e.g. booking fees."""
        ...

    def corrections(self, difference: Difference) -> Sequence[Correction]:
        """Journals by which two persons may settle this difference; none if there is no such."""
        ...

    def next_step(self, difference: Difference) -> str | Promise:
        """What a person should do about it, in one sentence."""
        ...


RUNS: Socket[Run] = Socket("reconciliation runs")


def reconcile(*, name: str, party: str, day: date, now: datetime, fetch: bool = True) -> Comparison:
    """Compare one party's day (Asia/Shanghai). Any number of times gives the same.

    Fetches the statement when none is kept, unless told not to. Afterwards the neighboring days
    are looked at again where a difference is open: a late line may have settled it.
    Raises KeyError for a run nobody registered.
    """
    run = RUNS.get(name)
    if run.reads_statements and fetch and current_statement(party, day) is None:
        refresh_statement(name=name, party=party, day=day, now=now)
    comparison = _compare(run, party, day, now)
    for neighbor in (day - DAY, day + DAY):
        unsettled = Difference.objects.exclude(state=DifferenceState.CLOSED).filter(
            comparison__name=name, comparison__party=party, comparison__day=neighbor
        )
        if run.reads_statements and unsettled.exists():
            _compare(run, party, neighbor, now)
    return comparison


def refresh_statement(*, name: str, party: str, day: date, now: datetime) -> Statement | None:
    """Fetch the statement of a day, whether or not one is kept; None when it is not to be had."""
    try:
        fetched = RUNS.get(name).fetch(party, day, now=now)
    except Unavailable as error:
        log.warning("statement_unavailable", party=party, day=str(day), why=str(error))
        return None
    statement, _new = keep_statement(
        party=party, day=day, fetched=fetched, source=Statement.Source.FETCHED, by=RUNNER, now=now
    )
    return statement


def take_statement(
    *, name: str, party: str, day: date, raw: bytes, by: str, now: datetime
) -> tuple[Statement, bool]:
    """Take in a file that a person brought, and compare. True when it was not kept before.

    Raises Unavailable when it is no statement of this party, and core.reconciliation's TooLarge.
    """
    fetched = RUNS.get(name).read(party, raw)
    kept = keep_statement(
        party=party, day=day, fetched=fetched, source=Statement.Source.UPLOADED, by=by, now=now
    )
    reconcile(name=name, party=party, day=day, now=now, fetch=False)
    return kept


def _compare(run: Run, party: str, day: date, now: datetime) -> Comparison:
    began = time.monotonic()
    statement = current_statement(party, day) if run.reads_statements else None
    if run.reads_statements and statement is None:
        return _record(run, party, day, None, None, now, began)
    result = run.compare(party, day, now=now)
    return _record(run, party, day, statement, result, now, began)


@step()
def _record(
    run: Run, party: str, day: date, statement: Statement | None, result: Result | None,
    now: datetime, began: float,
) -> Comparison:  # fmt: skip
    take_turn(f"reconcile:{run.name}:{party}:{day}")
    figures = _figures(statement, result, now)
    comparison = Comparison.objects.filter(name=run.name, party=party, day=day).first()
    if comparison is None:
        comparison = Comparison(name=run.name, party=party, day=day, runs=0)
    elif result is None and comparison.statement_id:
        return comparison
    for field, value in figures.items():
        setattr(comparison, field, value)
    comparison.runs += 1
    comparison.seconds = round(time.monotonic() - began, 3)
    comparison.save()
    if result is not None and not result.skipped:
        _keep(comparison, result, now)
        run.conclude(comparison, now=now)
    return comparison


def _figures(
    statement: Statement | None, result: Result | None, now: datetime
) -> dict[str, object]:
    if result is None:
        return {"state": Comparison.State.MISSING, "ran_at": now}
    if result.skipped:
        return {"state": Comparison.State.SKIPPED, "note": result.skipped[:200], "ran_at": now}
    differs = bool(result.breaks)
    return {
        "state": Comparison.State.DIFFERS if differs else Comparison.State.MATCHED,
        "statement": statement,
        "theirs_count": result.theirs_count, "ours_count": result.ours_count,
        "matched": result.matched, "other_day": result.other_day,
        "under_way": result.under_way, "found": len(result.breaks),
        "sums": result.sums, "note": result.note[:200], "ran_at": now,
    }  # fmt: skip


@part
def _keep(comparison: Comparison, result: Result, now: datetime) -> None:
    settle_breaks(comparison, result.breaks, found_elsewhere=result.found_elsewhere, now=now)
    by_outcome: dict[str, list[int]] = {}
    for pk, outcome in result.outcomes.items():
        by_outcome.setdefault(outcome, []).append(pk)
    for outcome, keys in by_outcome.items():
        for at in range(0, len(keys), CHUNK):
            StatementLine.objects.filter(pk__in=keys[at : at + CHUNK]).exclude(
                outcome=outcome
            ).update(outcome=outcome)


def reconcile_due(*, now: datetime, limit: int = 20) -> int:
    """Compare what is due: yesterday once its statements can be there, and late or open days.

    What cannot be had is tried a few times an hour. Returns how many comparisons were made.
    """
    today = day_of(now)
    last = today - DAY if now.astimezone(ZONE).hour >= READY_HOUR else today - 2 * DAY
    due = [
        (run.name, party.code, last - timedelta(days=back))
        for back in range(DAYS_BACK)
        for run in RUNS
        for party in run.parties()
        if back == 0 or run.reads_statements
    ]
    wanting = [item for item in due if _is_due(*item, first=last, now=now)][:limit]
    return each(
        lambda item: reconcile(name=item[0], party=item[1], day=item[2], now=now), wanting,
        name="reconcile",
    )  # fmt: skip


def _is_due(name: str, party: str, day: date, *, first: date, now: datetime) -> bool:
    known = Comparison.objects.filter(name=name, party=party, day=day).first()
    if known is None and day != first:
        return False
    waits = known is None or known.state in (Comparison.State.MISSING, Comparison.State.SKIPPED)
    if not waits and known is not None:
        unsettled = known.differences.exclude(state=DifferenceState.CLOSED).exists()
        waits = unsettled and now - known.ran_at > DAY
    key = f"reconcile:{name}:{party}:{day}"
    return waits and limits.hit(key, limit=TRIES_AN_HOUR, seconds=3600, now=now)
