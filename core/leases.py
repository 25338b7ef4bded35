"""Leases: a row that is its own work is held by one worker for a while, and fenced by a token.

A task may run twice at once (a killed worker, a late message), so it decides nothing without its
token: every deciding update says `lease_token = mine` (R-JOB-3).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models
from django.db.models import F, Q

from core.ids import new_secret
from core.models.base import LeasedWork
from core.tx import step


@dataclass(frozen=True, slots=True)
class Lease:
    """A held row: its database key and the token that fences decisions."""

    pk: Any
    token: str


@step()
def claim(
    model: type[LeasedWork], *, where: Q, limit: int, seconds: float, now: datetime
) -> list[Lease]:
    """Hold up to `limit` due rows for `seconds`; rows others hold are passed over."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    due = Q(not_before=None) | Q(not_before__lte=now)
    manager: models.Manager[Any] = model._default_manager
    pks = list(
        manager.select_for_update(skip_locked=True, of=("self",))
        .filter(where, free, due)
        .order_by(F("not_before").asc(nulls_first=True), "pk")
        .values_list("pk", flat=True)[:limit]
    )
    if not pks:
        return []
    token = new_secret(16)
    manager.filter(pk__in=pks).update(
        lease_until=now + timedelta(seconds=seconds), lease_token=token, tries=F("tries") + 1
    )
    return [Lease(pk, token) for pk in pks]


def release(model: type[LeasedWork], lease: Lease, *, not_before: datetime | None = None) -> bool:
    """Give the row back, due again at `not_before`; False when somebody else holds it by now."""
    changes: dict[str, Any] = {"lease_until": None, "lease_token": ""}
    if not_before is not None:
        changes["not_before"] = not_before
    rows = model._default_manager.filter(pk=lease.pk, lease_token=lease.token)
    return rows.update(**changes) == 1


# Which process does it is no fact that must survive a crash, so nobody waits for the disk.
TAKE_DUTY = """
with soon as materialized (select set_config('synchronous_commit', 'off', true))
insert into core_duty as held (name, token, until)
select %(name)s::text, %(token)s::text, %(until)s::timestamptz from soon
on conflict (name) do update set token = excluded.token, until = excluded.until
where held.until is null or held.until <= %(now)s::timestamptz
"""
END_DUTY = """
with soon as materialized (select set_config('synchronous_commit', 'off', true))
update core_duty set until = null from soon where name = %(name)s and token = %(token)s
"""


def take_duty(name: str, *, seconds: float, now: datetime) -> str:
    """Take work that one process at a time does, for `seconds` at most. A token; "" when others do.

    A row and not a lock of the session: it also holds behind a pool that lends connections by the
    transaction, and a frozen process loses it. Whoever was replaced may still be at work: what is
    done needs its own guards.
    """
    token = new_secret(16)
    with connection.cursor() as cursor:
        until = now + timedelta(seconds=seconds)
        cursor.execute(TAKE_DUTY, {"name": name, "token": token, "until": until, "now": now})
        return token if cursor.rowcount else ""


def end_duty(name: str, token: str) -> None:
    """Let the next one at it; nothing happens when that has happened already."""
    with connection.cursor() as cursor:
        cursor.execute(END_DUTY, {"name": name, "token": token})
