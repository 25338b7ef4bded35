"""Give held units back to the pool."""

from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from core.tx import part
from fulfillment.services.editions.hold_places import free_places

# A unit let go is nobody's again, and so is the ticket of a capped channel that was tied to it.
LET_GO = """
freed as (
    update fulfillment_code as code
    set state = 'available', held_by = '', held_line = '', held_until = null, channel = ''
    from due where code.id = due.id and code.state = 'held'
    returning code.id, due.held_by),
untied as (
    update fulfillment_shareticket as ticket set code_id = null
    from freed where ticket.code_id = freed.id)"""
# Units go back with a line of history each: for whom they had been kept, and why no longer.
GIVE_BACK = (
    """
with due as (
    select id, held_by from fulfillment_code where state = 'held' and {which} {lock}),"""  # noqa: S608  pieces of our own
    + LET_GO
    + """
insert into core_statechange (entity, subject, was, became, at, by, why)
select 'code', id::text, 'held', 'available', %(now)s, %(by)s,
       left(%(why)s || ' ' || held_by, 200) from freed
"""
)
# The owner's own units: wait for whoever works on them.
OF_REFERENCE = GIVE_BACK.format(which="held_by = %(reference)s", lock="order by id for update")
# Those of them whose last day has passed: nobody may be given them any more.
EXPIRED_OF_REFERENCE = GIVE_BACK.format(
    which="held_by = %(reference)s and expires_on < %(today)s", lock="order by id for update"
)
# Anybody's overdue units: pass over those somebody is about to sell.
OVERDUE = GIVE_BACK.format(
    which="held_until < %(now)s {more} order by sku_id, held_until limit %(limit)s",
    lock="for update skip locked",
)
OVERDUE_OF_SKU = OVERDUE.format(more="and sku_id = %(sku)s")
OVERDUE_OF_ALL = OVERDUE.format(more="")


def _give_back(statement: str, **params: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


@part
def release(*, reference: str, now: datetime, why: str, by: str = "system") -> int:
    """Free what is still held for the reference. Returns the number of units."""
    free_places(reference=reference)
    return _give_back(OF_REFERENCE, reference=reference, now=now, by=by, why=why)


@part
def release_expired(*, reference: str, now: datetime, by: str = "system") -> int:
    """Let go of units held for the reference that expired meanwhile; the sweeper writes them off.

    The last day is one of the shop's own time zone. Returns the number of units.
    """
    return _give_back(
        EXPIRED_OF_REFERENCE, reference=reference, today=timezone.localdate(now), now=now, by=by,
        why="expired while held:",
    )  # fmt: skip


@part
def release_overdue(
    *, now: datetime, sku_id: int | None = None, units: int = 500, by: str = "system"
) -> int:
    """Free up to `units` whose time has passed, of one SKU or of all. Returns how many.

    Whoever pays late for a unit freed here gets another one, or waits for stock: opening looks at
    what is held for the payer at that moment and never at what once was.
    """
    statement = OVERDUE_OF_ALL if sku_id is None else OVERDUE_OF_SKU
    return _give_back(statement, sku=sku_id, limit=units, now=now, by=by, why="hold expired:")
