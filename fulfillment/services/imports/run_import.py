"""Import a batch, chunk by chunk. Each chunk is one transaction and the place to resume from.

A killed worker loses at most the chunk it was in; two workers cannot write the same chunk, since
every write is fenced by the lease and by the offset it starts from.
"""

import time
from collections.abc import Iterator

import structlog
from django.conf import settings
from django.db import reset_queries
from django.db.models import Q
from django.utils import timezone

from core import clock, leases
from core.faults import crashpoint
from core.leases import Lease
from core.ledger import FloorBreached
from fulfillment.codefiles import sheet, store
from fulfillment.codefiles.limits import MAX_LINE_BYTES
from fulfillment.codefiles.probe import UTF8, lines
from fulfillment.models import CodeBatch
from fulfillment.services.imports.end_import import end_import, replace_file, start
from fulfillment.services.imports.judge_chunk import Chunk, Judge
from fulfillment.services.imports.write_chunk import LostLease, write_chunk
from fulfillment.states import BatchState

log = structlog.get_logger(__name__)

CHUNK_LINES = 4000
SLICE_SECONDS = 30.0
MAX_TRIES = 8


def run_import(*, batch_id: str = "", seconds: float = SLICE_SECONDS) -> bool:
    """Work on one waiting batch (or the named one) for about `seconds`; True while more is left."""
    where = Q(state__in=[BatchState.QUEUED, BatchState.RUNNING])
    if batch_id:
        where &= Q(public_id=batch_id)
    held = leases.claim(
        CodeBatch, where=where, limit=1, seconds=settings.LEASE_SECONDS, now=clock.now()
    )
    if not held:
        return False
    lease = held[0]
    try:
        return _work(lease, time.monotonic() + seconds)
    except LostLease:
        return False
    except store.FileRefused as error:
        end_import(lease=lease, to=BatchState.FAILED, problem=str(error), now=clock.now())
    except FloorBreached:
        end_import(lease=lease, to=BatchState.PAUSED, problem="prepaid_too_low", now=clock.now())
    return False


def _work(lease: Lease, deadline: float) -> bool:
    batch = start(lease=lease, now=clock.now())
    if batch.tries > MAX_TRIES:
        end_import(lease=lease, to=BatchState.FAILED, problem="keeps_failing", now=clock.now())
        return False
    if batch.encoding == store.XLSX:
        batch = _unpack(batch, lease)
    for chunk in _chunks(batch):
        written = write_chunk(lease=lease, chunk=chunk, now=clock.now())
        crashpoint("CP17")
        # With DEBUG on, Django would keep the text of every statement of a long import.
        reset_queries()
        if written.paused:
            return False
        if time.monotonic() > deadline:
            leases.release(CodeBatch, lease)
            return True
    done = BatchState.CHECKED if batch.dry_run else BatchState.FINISHED
    end_import(lease=lease, to=done, now=clock.now())
    return False


def _chunks(batch: CodeBatch) -> Iterator[Chunk]:
    """Judged chunks from where the batch stands to the end of its file."""
    judge = Judge(batch, today=timezone.localdate(clock.now()))
    start_at = batch.bytes_done
    pieces = store.read(batch.stored, start=start_at)
    for text, end, overlong in lines(pieces, start=start_at, limit=MAX_LINE_BYTES):
        judge.add(text, end, overlong=overlong)
        if judge.held >= CHUNK_LINES:
            yield judge.take()
    if judge.held:
        yield judge.take()


def _unpack(batch: CodeBatch, lease: Lease) -> CodeBatch:
    """A workbook becomes a sealed text file of the same rows, once; then it is like any other."""
    packed = b"".join(store.read(batch.stored))
    writer = store.Writer()
    try:
        for line in sheet.as_lines(packed):
            writer.write(line)
        writer.close()
        return replace_file(
            lease=lease, stored=writer.name, encoding=UTF8, size=writer.size, now=clock.now()
        )
    except BaseException:
        writer.abandon()
        store.destroy(writer.name)
        raise
