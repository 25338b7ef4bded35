"""Put quarantined codes back on sale."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core import audit
from core.tx import step
from fulfillment.models import CodeBatch
from fulfillment.services.pool.change_codes import SLICE, Which, change_codes
from fulfillment.states import CodeState


@step()
def restore_codes(*, code_ids: Sequence[UUID], by: str, why: str, now: datetime) -> int:
    """Make these quarantined codes available again. Returns how many."""
    return _restore(Which(ids=list(code_ids)[:SLICE]), by, why, now)


def thaw_batch(*, batch_id: str, by: str, why: str, now: datetime) -> int:
    """Put the quarantined codes of a batch back on sale, in slices. Returns how many."""
    batch = CodeBatch.objects.get(public_id=batch_id)
    CodeBatch.objects.filter(pk=batch.pk).update(frozen_at=None)
    total = 0
    while True:
        moved = _thaw_slice(batch.pk, by, why, now)
        total += moved
        if moved < SLICE:
            return total


@step()
def _thaw_slice(batch_pk: int, by: str, why: str, now: datetime) -> int:
    return _restore(Which(batch_id=batch_pk), by, why, now)


def _restore(which: Which, by: str, why: str, now: datetime) -> int:
    moved = change_codes(
        which, from_=[CodeState.QUARANTINED], to=CodeState.AVAILABLE, by=by, why=why, now=now
    )
    if moved:
        audit.record(
            tag="codes:restored", by=by, subject="codes", now=now,
            after={"codes": moved, "why": why},
        )  # fmt: skip
    return moved
