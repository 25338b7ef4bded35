"""A person sends a batch to the workers (again): after its check, a pause or a failure."""

from datetime import datetime

from core import transitions, wake
from core.tx import step
from fulfillment.models import BatchLine, CodeBatch
from fulfillment.services.imports.import_codes import RUN_TASK, ImportRefused
from fulfillment.states import BatchState


@step()
def start_import(*, batch_id: str, by: str, now: datetime) -> bool:
    """Queue the batch. After a dry run it starts over and imports; else it goes on where it stood.

    Raises ImportRefused when its file is gone. False when its state does not allow it.
    """
    batch = CodeBatch.objects.select_for_update(of=("self",)).get(public_id=batch_id)
    if batch.state not in (BatchState.CHECKED, BatchState.PAUSED, BatchState.FAILED):
        return False
    if not batch.stored:
        raise ImportRefused("gone")
    fresh = {}
    if batch.state == BatchState.CHECKED:
        BatchLine.objects.filter(batch_id=batch.pk)._raw_delete(using="default")
        fresh = {
            "dry_run": False, "bytes_done": 0, "lines_done": 0, "declared": 0, "accepted": 0,
            "duplicate": 0, "rejected": 0, "counts": {}, "columns": {}, "finished_at": None,
        }  # fmt: skip
    moved = transitions.move(
        CodeBatch, batch.pk, from_=[batch.state], to=BatchState.QUEUED, now=now, by=by,
        why="started by hand", lease_until=None, lease_token="", tries=0, **fresh,
    )  # fmt: skip
    wake.poke(RUN_TASK, batch.public_id)
    return moved
