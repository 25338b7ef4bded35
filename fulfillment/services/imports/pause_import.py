"""A person stops a running import for a while."""

from datetime import datetime

from core import transitions
from core.tx import step
from fulfillment.models import CodeBatch
from fulfillment.states import BatchState


@step()
def pause_import(*, batch_id: str, by: str, now: datetime) -> bool:
    """Stop after the chunk that is being written; what was imported stays. False if not running."""
    batch = CodeBatch.objects.select_for_update(of=("self",)).get(public_id=batch_id)
    return transitions.move(
        CodeBatch, batch.pk, from_=[BatchState.RUNNING], to=BatchState.PAUSED, now=now, by=by,
        why="paused by hand", lease_until=None, lease_token="",
    )  # fmt: skip
