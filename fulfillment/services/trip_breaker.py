"""The breaker of R-SUP-6: opened by bad answers, tried by probes, closed by good ones.

Its row in PostgreSQL holds for every process and outlives them all. A good answer while it is closed
costs nothing; only a bad one counts the answers before it.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F

from core.faults import guard_off
from core.tx import part
from fulfillment.models import SupplierCircuit, SupplierEvent
from fulfillment.queries.breaker import ORDER, PROBE_SECONDS, PROBES
from fulfillment.states import CircuitState
from fulfillment.suppliers.base import Verdict

#: Verdicts of calls that proved nothing or never left.
BAD = frozenset({Verdict.NOT_SENT, Verdict.UNKNOWN})
IN_A_ROW = 10
WINDOW_SECONDS, WINDOW_CALLS, WINDOW_SHARE = 60.0, 20, 0.5
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 30, 600

COUNT = """
with newest as materialized (
    select verdict = any(%(bad)s) as bad, at from fulfillment_supplierevent
    where supplier_id = %(supplier)s and source = %(source)s order by id desc limit %(row)s),
recent as materialized (
    select verdict = any(%(bad)s) as bad from fulfillment_supplierevent
    where supplier_id = %(supplier)s and source = %(source)s and at >= %(since)s
    order by id desc limit 1000)
select (select count(*) = %(row)s and bool_and(bad) and min(at) > %(closed)s from newest),
    (select count(*) from recent), (select count(*) from recent where bad)
"""


@part
def note_call(
    *, supplier_id: int, operation: str, verdict: str, probe: bool = False, now: datetime
) -> None:
    """Let one answer, already written down as a SupplierEvent, move the breaker of its operation."""
    bad = verdict in BAD
    if not bad and not probe and operation == ORDER:
        return
    row = _locked(supplier_id, operation, make=bad)
    if row is None:
        return
    if row.state == CircuitState.CLOSED:
        why = _why_to_open(row, now=now) if bad else ""
        if why:
            _open(row, seconds=FIRST_PAUSE_SECONDS, why=why, now=now)
    elif row.state == CircuitState.HALF_OPEN and probe:
        _heed_probe(row, bad=bad, now=now)
    elif operation != ORDER:
        _heed_question(row, bad=bad, now=now)


def _locked(supplier_id: int, operation: str, *, make: bool) -> SupplierCircuit | None:
    rows = SupplierCircuit.objects.select_for_update(of=("self",))
    found = rows.filter(supplier_id=supplier_id, operation=operation).first()
    if found is None and make:
        SupplierCircuit.objects.bulk_create(
            [SupplierCircuit(supplier_id=supplier_id, operation=operation)], ignore_conflicts=True
        )
        found = rows.get(supplier_id=supplier_id, operation=operation)
    return found


def _why_to_open(row: SupplierCircuit, *, now: datetime) -> str:
    """The rule of R-SUP-6 over what was heard since the breaker last closed."""
    window = timedelta(seconds=WINDOW_SECONDS * settings.SUPPLY_TIME_SCALE)
    closed = row.until or now - timedelta(days=1)
    source = SupplierEvent.Source.ANSWER if row.operation == ORDER else SupplierEvent.Source.QUERY
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            {
                "supplier": row.supplier_id, "source": str(source), "row": IN_A_ROW,
                "bad": [str(one) for one in BAD], "since": max(now - window, closed),
                "closed": closed,
            },
        )  # fmt: skip
        all_bad, calls, bad = cursor.fetchone()
    if all_bad:
        return "in_a_row"
    return "share" if calls >= WINDOW_CALLS and bad >= WINDOW_SHARE * calls else ""


def _open(row: SupplierCircuit, *, seconds: int, why: str, now: datetime) -> None:
    row.state, row.why, row.pause_seconds = CircuitState.OPEN, why, seconds
    row.opened_at = now
    row.until = now + timedelta(seconds=seconds * settings.SUPPLY_TIME_SCALE)
    row.probes = row.probes_good = 0
    row.save()


def _heed_probe(row: SupplierCircuit, *, bad: bool, now: datetime) -> None:
    """A bad probe doubles the pause; when all have come back good the breaker closes."""
    if bad:
        longer = min(max(row.pause_seconds, 1) * 2, LONGEST_PAUSE_SECONDS)
        _open(row, seconds=longer, why="probe_failed", now=now)
        return
    row.probes_good = min(row.probes_good + 1, PROBES)
    if row.probes_good >= PROBES:
        _close(row, now=now)
    row.save()


def _heed_question(row: SupplierCircuit, *, bad: bool, now: datetime) -> None:
    """Questions are never held back, so each of them is a probe; one good answer is enough."""
    if not bad:
        _close(row, now=now)
        row.save()
    elif row.until is not None and row.until <= now:
        longer = min(max(row.pause_seconds, 1) * 2, LONGEST_PAUSE_SECONDS)
        _open(row, seconds=longer, why="in_a_row", now=now)


def _close(row: SupplierCircuit, *, now: datetime) -> None:
    # `until` stays as the moment it closed: answers from before do not open it again.
    row.state, row.until, row.why = CircuitState.CLOSED, now, ""
    row.pause_seconds = row.probes = row.probes_good = 0


@part
def take_probe(*, supplier_id: int, now: datetime) -> bool:
    """One of the probes of a breaker that is half open by now; False when none is left.

    A probe whose answer never came gives its place to another after PROBE_SECONDS.
    """
    stale = now - timedelta(seconds=PROBE_SECONDS * settings.SUPPLY_TIME_SCALE)
    limit = 10**4 if guard_off("supply.probes") else PROBES
    with connection.cursor() as cursor:
        cursor.execute(
            """update fulfillment_suppliercircuit set state = 'half_open', probed_at = %(now)s,
                   probes = case when state = 'open' or probes >= %(limit)s then 1 else
                       least(probes + 1, 3) end,
                   probes_good = case when state = 'open' then 0 else probes_good end
               where supplier_id = %(supplier)s and operation = 'order'
                 and (state = 'open' and until <= %(now)s
                      or state = 'half_open' and (probes < %(limit)s or probed_at <= %(stale)s))""",
            {"supplier": supplier_id, "now": now, "stale": stale, "limit": limit},
        )
        return bool(cursor.rowcount == 1)


@part
def return_probe(*, supplier_id: int) -> None:
    """A probe that never left asks nobody anything: another may take its place."""
    SupplierCircuit.objects.filter(
        supplier_id=supplier_id, operation=ORDER, state=CircuitState.HALF_OPEN, probes__gt=0
    ).update(probes=F("probes") - 1)
