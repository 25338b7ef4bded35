"""Take codes out of sale until somebody has looked at them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from core import audit
from core.tx import step
from fulfillment.models import CodeBatch
from fulfillment.services.pool.change_codes import SLICE, Which, change_codes
from fulfillment.services.release import LET_GO
from fulfillment.states import CodeState


@step()
def quarantine_codes(*, code_ids: Sequence[UUID], by: str, why: str, now: datetime) -> int:
    """Quarantine these free codes; held and sold ones are left alone. Returns how many."""
    moved = change_codes(
        Which(ids=list(code_ids)[:SLICE]),
        from_=[CodeState.AVAILABLE], to=CodeState.QUARANTINED, by=by, why=why, now=now,
    )  # fmt: skip
    if moved:
        audit.record(
            tag="codes:quarantined", by=by, subject="codes", now=now,
            after={"codes": moved, "why": why},
        )  # fmt: skip
    return moved


def freeze_batch(*, batch_id: str, by: str, why: str, now: datetime) -> int:
    """Quarantine all of a batch that is not sold, held units included: one click (R7).

    A buyer who pays for a unit frozen under their order gets another, or waits for stock. Works in
    slices; calling it again goes on. Returns how many codes it took.
    """
    batch = CodeBatch.objects.get(public_id=batch_id)
    _mark(batch, by, why, now)
    total = 0
    while True:
        moved = _freeze_slice(batch.pk, by, why, now)
        total += moved
        if moved < SLICE:
            return total


@step()
def _mark(batch: CodeBatch, by: str, why: str, now: datetime) -> None:
    if CodeBatch.objects.filter(pk=batch.pk, frozen_at=None).update(frozen_at=now):
        audit.record(
            tag="codes:batch_frozen", by=by, subject=batch.public_id, now=now, after={"why": why}
        )


OF_BATCH = (
    """
with due as (
    select id, held_by from fulfillment_code where batch_id = %(batch)s and state = 'held'
    order by id limit %(limit)s for update),"""  # noqa: S608  pieces of our own
    + LET_GO
    + """
insert into core_statechange (entity, subject, was, became, at, by, why)
select 'code', id::text, 'held', 'available', %(now)s, %(by)s, left('frozen: ' || held_by, 200)
from freed
"""
)


@step()
def _freeze_slice(batch_pk: int, by: str, why: str, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(OF_BATCH, {"batch": batch_pk, "limit": SLICE, "now": now, "by": by[:48]})
    return change_codes(
        Which(batch_id=batch_pk),
        from_=[CodeState.AVAILABLE], to=CodeState.QUARANTINED, by=by, why=why, now=now,
    )  # fmt: skip
