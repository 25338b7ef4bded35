"""The assessment in one statement, and the plain reads it must agree with.

An order may cost twelve statements in all. Lists, velocity counters, budgets, the record of what
was taken and the assessment of a clean request therefore share one. Counters are written in the
order of their keys, so two orders never lock them crosswise. `tests/risk/test_parity.py` proves
that the wide statement and the plain functions decide alike.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from core.faults import guard_off
from core.hot import hot_cursor
from core.tx import part
from risk.judging import Asked
from risk.models import ListEntry
from risk.rules.base import Listed

WIDE = """
with listed as materialized (
    select e.public_id, e.list, e.kind
    from unnest(%(kinds)s::text[], %(values)s::bytea[]) as w(kind, value)
    join risk_listentry e on e.value_index = w.value and e.kind = w.kind
    where e.removed_at is null and (e.expires_at is null or e.expires_at > %(now)s::timestamptz)
), asked as materialized (
    select * from unnest(%(keys)s::text[], %(windows)s::bigint[], %(limits)s::int[], %(amounts)s::int[],
                         %(ends)s::timestamptz[], %(lenient)s::bool[])
        as a(key, win, lim, amount, ends, lenient)
), counted as (
    insert into core_limitcount as c (key, "window", used, expires_at)
    select a.key, a.win, a.amount, a.ends from asked a
    where a.amount <= a.lim or a.lenient or exists (select 1 from listed where list = 'allow')
    order by a.key
    on conflict (key) do update set
        used = case when c."window" = excluded."window" then c.used + excluded.used else excluded.used end,
        "window" = excluded."window", expires_at = excluded.expires_at
    where c."window" <> excluded."window"
       or c.used + excluded.used <= (select lim from asked a where a.key = excluded.key)
       or (select lenient from asked a where a.key = excluded.key)
       or exists (select 1 from listed where list = 'allow')
    returning key, used
), verdict as materialized (
    select not exists (select 1 from listed)
       and (select count(*) from counted) = (select count(*) from asked)
       and not exists (select 1 from counted join asked using (key) where used > lim) as clean
), taken as (
    insert into risk_openbudget (subject, counters, taken_at)
    select %(subject)s::text, jsonb_object_agg(a.key, a.amount), %(now)s::timestamptz
    from asked a join counted using (key) where a.win = 0 having count(*) > 0
), kept as (
    insert into risk_assessment (public_id, point, subject, facts, verdict, reason, rules, at)
    select %(public_id)s::text, %(point)s::text, %(subject)s::text, %(facts)s::jsonb, 'allow', 'clean', '[]'::jsonb,
           %(now)s::timestamptz
    from verdict where clean and %(keep)s::bool
)
select (select clean from verdict),
       (select coalesce(json_agg(json_build_array(public_id, list, kind) order by public_id), '[]') from listed),
       (select coalesce(json_object_agg(key, used), '{}') from counted)
"""

# Negative control only: look first, take afterwards, as a shop without the guard would.
LOOK_THEN_TAKE = WIDE.replace(
    "c.used + excluded.used <=",
    "coalesce((select l.used from core_limitcount l where l.key = excluded.key), 0) + excluded.used <=",
).replace("where used > lim", "where false")


@dataclass(frozen=True, slots=True)
class Counted:
    """What the statement found. `stored`: the request was clean and its assessment is written."""

    stored: bool
    listed: tuple[Listed, ...]
    used: dict[str, int]


@part
def count_and_keep(
    *,
    public_id: str,
    point: str,
    subject: str,
    facts: dict[str, object],
    who: Sequence[tuple[str, bytes]],
    asked: Sequence[Asked],
    now: datetime,
    keep: bool = True,
) -> Counted:
    """Look up the lists, count, take the budgets; store the assessment when nothing stands against it.

    Without `keep` something stands against it already, and the caller stores it.
    """
    with hot_cursor() as cursor:
        cursor.execute(
            LOOK_THEN_TAKE if guard_off("risk.budget") else WIDE,
            {
                "kinds": [kind for kind, _ in who],
                "values": [value for _, value in who],
                **_columns(asked, now),
                "public_id": public_id,
                "point": point,
                "subject": subject,
                "facts": json.dumps(facts),
                "now": now,
                "keep": keep,
            },
        )
        clean, listed, used = cursor.fetchone()
    return Counted(
        clean and keep, tuple(Listed(*row) for row in _loaded(listed)), dict(_loaded(used))
    )


def _columns(asked: Sequence[Asked], now: datetime) -> dict[str, object]:
    counters = [one.counter for one in asked]
    return {
        "keys": [c.key for c in counters],
        "windows": [window_of(now, c.seconds) for c in counters],
        "limits": [c.limit for c in counters],
        "amounts": [c.amount for c in counters],
        "ends": [end_of(now, c.seconds) for c in counters],
        "lenient": [one.standing.dry_run for one in asked],
    }


def window_of(now: datetime, seconds: int) -> int:
    """The number of the window `now` lies in; budgets have none (0)."""
    return int(now.timestamp()) // seconds if seconds else 0


def end_of(now: datetime, seconds: int) -> datetime | None:
    """When that window ends; None for a budget."""
    return datetime.fromtimestamp((window_of(now, seconds) + 1) * seconds, UTC) if seconds else None


def _loaded(value: Any) -> Any:
    """JSON, whether or not the driver has read it already."""
    return json.loads(value) if isinstance(value, str) else value


def listed_now(who: Sequence[tuple[str, bytes]], now: datetime) -> tuple[Listed, ...]:
    """The list entries in force that name somebody of `who`, by the ORM."""
    match = Q()
    for kind, value in who:
        match |= Q(kind=kind, value_index=value)
    if not match:
        return ()
    rows = ListEntry.objects.filter(match, removed_at__isnull=True).filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    )
    return tuple(
        Listed(*row) for row in rows.order_by("public_id").values_list("public_id", "list", "kind")
    )
