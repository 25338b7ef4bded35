"""A person ends an import for good."""

from datetime import datetime

from core import transitions
from core.tx import step
from fulfillment.models import BatchSeen, CodeBatch
from fulfillment.services.imports.end_import import drop_file
from fulfillment.states import BatchState

OPEN = (
    BatchState.QUEUED,
    BatchState.RUNNING,
    BatchState.CHECKED,
    BatchState.PAUSED,
    BatchState.FAILED,
)


@step()
def cancel_import(*, batch_id: str, by: str, now: datetime, why: str = "canceled by hand") -> bool:
    """End it and destroy the file. Codes imported so far stay in stock; quarantine takes them out."""
    batch = CodeBatch.objects.select_for_update(of=("self",)).get(public_id=batch_id)
    moved = transitions.move(
        CodeBatch, batch.pk, from_=OPEN, to=BatchState.CANCELED, now=now, by=by, why=why,
        lease_until=None, lease_token="", stored="", finished_at=now,
    )  # fmt: skip
    if moved:
        drop_file(batch)
        BatchSeen.objects.filter(batch_id=batch.pk)._raw_delete(using="default")
    return moved
