"""The turns of an import job: begun, turned into text, ended. Fenced by the worker's lease."""

from datetime import datetime
from typing import Any

from django.db import transaction

from catalog.services.set_cost import set_cost
from core import transitions
from core.leases import Lease
from core.tx import part, step
from fulfillment.codefiles import store
from fulfillment.models import BatchSeen, CodeBatch
from fulfillment.services.imports.write_chunk import LostLease
from fulfillment.services.purchasing.bind_batch import note_receipt
from fulfillment.states import BatchState

BY = "worker"


@part
def lock_batch(lease: Lease) -> CodeBatch:
    """The batch, locked, if it is running and ours. Raises LostLease."""
    batch = CodeBatch.objects.select_for_update(of=("self",)).get(pk=lease.pk)
    if batch.lease_token != lease.token or batch.state not in (
        BatchState.QUEUED,
        BatchState.RUNNING,
    ):
        raise LostLease(batch.public_id)
    return batch


@step()
def start(*, lease: Lease, now: datetime) -> CodeBatch:
    """Mark a waiting batch as running; a running one goes on where it stands."""
    batch = lock_batch(lease)
    if batch.state == BatchState.QUEUED:
        _move(batch, BatchState.RUNNING, now, "started")
    return CodeBatch.objects.get(pk=batch.pk)


@step()
def replace_file(
    *, lease: Lease, stored: str, encoding: str, size: int, now: datetime
) -> CodeBatch:
    """The sealed file was rewritten as text: work on that one, destroy the other."""
    batch = lock_batch(lease)
    former = batch.stored
    batch.stored, batch.encoding, batch.bytes_total = stored, encoding, size
    batch.save(update_fields=["stored", "encoding", "bytes_total"])
    transaction.on_commit(lambda: store.destroy(former), robust=True)
    return batch


@step()
def end_import(*, lease: Lease, to: str, now: datetime, problem: str = "") -> None:
    """Finish, fail or pause the pass. A finished batch's file is destroyed."""
    batch = lock_batch(lease)
    also: dict[str, Any] = {"problem": problem, "lease_until": None, "lease_token": ""}
    if to in (BatchState.FINISHED, BatchState.CHECKED):
        also |= {"finished_at": now, "bytes_done": batch.bytes_total}
    if to == BatchState.FINISHED:
        drop_file(batch)
        also["stored"] = ""
        if batch.accepted and batch.cost_minor:
            set_cost(sku_id=batch.sku_id, cost_minor=batch.cost_minor, now=now)
    _move(batch, to, now, problem or "done", **also)
    if to == BatchState.FINISHED:
        note_receipt(batch, now=now)
    if batch.dry_run:
        BatchSeen.objects.filter(batch_id=batch.pk)._raw_delete(using="default")


@part
def drop_file(batch: CodeBatch) -> None:
    """Destroy the sealed file after the commit; the sweeper finds what a crash leaves behind."""
    name = batch.stored
    transaction.on_commit(lambda: store.destroy(name), robust=True)


def _move(batch: CodeBatch, to: str, now: datetime, why: str, **also: Any) -> None:
    transitions.move(
        CodeBatch, batch.pk, from_=[batch.state], to=to, now=now, by=BY, why=why, **also
    )
