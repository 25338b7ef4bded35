"""Move many codes from one state to another, each with its line of history. Never into a sale."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from core.tx import part
from fulfillment import postings
from fulfillment.models import CodeBatch
from fulfillment.services.pool.count_availability import count_availability
from fulfillment.states import CodeState

# Codes of one transaction: a frozen batch of a million goes in many short ones.
SLICE = 5000

CHANGE = """
with due as (
    select id, state from fulfillment_code
    where state = any(%(was)s)
      and (%(ids)s::uuid[] is null or id = any(%(ids)s::uuid[]))
      and (%(batch)s::bigint is null or batch_id = %(batch)s::bigint)
      and (%(sku)s::bigint is null or sku_id = %(sku)s::bigint)
      and expires_on <= %(last_day)s
    order by id limit %(limit)s for update),
moved as (
    update fulfillment_code as code
    set state = %(to)s, held_by = '', held_line = '', held_until = null
    from due where code.id = due.id
    returning code.id, due.state as was, code.batch_id, code.sku_id),
history as (
    insert into core_statechange (entity, subject, was, became, at, by, why)
    select 'code', id::text, was, %(to)s, %(now)s, %(by)s, left(%(why)s, 200) from moved)
select batch_id, sku_id, count(*), count(*) filter (where was <> 'expired'), min(id::text)
from moved group by 1, 2 order by 1
"""


@dataclass(frozen=True, slots=True)
class Which:
    """Which codes: by their ids, of a batch or of a SKU, good for no longer than `last_day`."""

    ids: Sequence[UUID] | None = None
    batch_id: int | None = None
    sku_id: int | None = None
    last_day: date = date.max
    limit: int = SLICE


@part
def change_codes(
    which: Which, *, from_: Collection[str], to: str, by: str, why: str, now: datetime
) -> int:
    """Move up to `which.limit` codes; returns how many. The shelf is told in the same transaction.

    Codes that leave the stock for good (void, expired) are written off at their batch's cost.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            CHANGE,
            {
                "ids": list(which.ids) if which.ids is not None else None,
                "batch": which.batch_id,
                "sku": which.sku_id,
                "last_day": which.last_day,
                "limit": which.limit,
                "was": [str(state) for state in from_],
                "to": str(to),
                "now": now,
                "by": by[:48],
                "why": why,
            },
        )
        groups = cursor.fetchall()
    if to in (CodeState.VOID, CodeState.EXPIRED):
        for batch_id, _, _, units, first in groups:
            _write_off(batch_id, units, f"stock.{to}:{first}", now)
    count_availability(sku_ids=sorted({group[1] for group in groups}), now=now)
    return sum(group[2] for group in groups)


def _write_off(batch_id: int, units: int, key: str, now: datetime) -> None:
    """Once per code: one that had expired before it was voided has been written off."""
    batch = CodeBatch.objects.get(pk=batch_id)
    postings.stock_lost(
        key=key, amount_minor=units * batch.cost_minor, currency=batch.currency,
        batch=batch.public_id, now=now,
    )  # fmt: skip
