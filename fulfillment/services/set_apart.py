"""Stock that a campaign keeps for its own buyers, one unit handed over at a time."""

from datetime import datetime
from typing import Any

from django.db import connection

from core.tx import part
from fulfillment.services.release import LET_GO

# Past units others are taking at this moment; history says for whom it had been kept.
LET_ONE_GO = (
    """
with due as (
    select id, held_by from fulfillment_code
    where held_by = %(reference)s and state = 'held' and sku_id = %(sku)s
    limit 1 for update skip locked),"""  # noqa: S608  pieces of our own
    + LET_GO
    + """
insert into core_statechange (entity, subject, was, became, at, by, why)
select 'code', id::text, 'held', 'available', %(now)s, 'system',
       left('sold by ' || held_by, 200) from freed
"""
)
KEEP_ONE = """
update fulfillment_code set held_by = %(reference)s, held_line = '', held_until = %(until)s
where id = (select id from fulfillment_code where held_by = %(giver)s and state = 'held'
            and sku_id = %(sku)s limit 1 for update)
"""
KEEP_LONGER = (
    """update fulfillment_code set held_until = greatest(held_until, %(until)s)
       where held_by = %(reference)s and state = 'held'""",
    """update fulfillment_editionplace set held_until = greatest(held_until, %(until)s)
       where held_by = %(reference)s and sold_at is null""",
)


@part
def let_one_go(*, reference: str, sku_id: int, now: datetime) -> bool:
    """Free one unit kept under `reference`, for a hold that follows in this transaction.

    Until it commits nobody else sees the unit, so that the hold finds one. False when none is
    kept: goods that are not of the pool, or an order that comes after the campaign.
    """
    with connection.cursor() as cursor:
        cursor.execute(LET_ONE_GO, {"reference": reference, "sku": sku_id, "now": now})
        return int(cursor.rowcount) == 1


@part
def keep_one(*, reference: str, giver: str, sku_id: int, until: datetime) -> bool:
    """Keep under `reference` one unit that was held for `giver`, before that one lets it go."""
    with connection.cursor() as cursor:
        params: dict[str, Any] = {
            "reference": reference, "giver": giver, "sku": sku_id, "until": until,
        }  # fmt: skip
        cursor.execute(KEEP_ONE, params)
        return int(cursor.rowcount) == 1


@part
def keep_longer(*, reference: str, until: datetime) -> None:
    """Keep everything that is held for `reference` until `until`: codes, and places of editions."""
    with connection.cursor() as cursor:
        for statement in KEEP_LONGER:
            cursor.execute(statement, {"reference": reference, "until": until})
