"""Write one judged chunk: codes, verdicts, counters, stock value, in one transaction."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from core import outbox, transitions
from core.crypto import seal
from core.leases import Lease
from core.tx import step
from fulfillment import postings
from fulfillment.codefiles.limits import MAX_KEPT_LINES
from fulfillment.events import StockArrived
from fulfillment.models import BatchLine, CodeBatch
from fulfillment.models.code import NEVER, new_code_id, new_spin
from fulfillment.services.imports.judge_chunk import Chunk, Judged
from fulfillment.services.pool.count_availability import count_availability
from fulfillment.services.reveal import code_context
from fulfillment.states import DUPLICATE, BatchState, Verdict

# A file that is mostly unreadable is the wrong file: stop and ask, once enough has been seen.
ENOUGH_LINES = 1000


class LostLease(RuntimeError):
    """Another worker has this batch, or a person stopped it."""


@dataclass(frozen=True, slots=True)
class Written:
    accepted: int
    paused: bool


@dataclass(frozen=True, slots=True)
class _Row:
    """A code ready to insert: sealed before the transaction begins."""

    id: UUID
    index: bytes
    masked: str
    expires_on: date
    line: int
    sealed: bytes = field(repr=False)


INSERT = """
insert into fulfillment_code (id, sku_id, batch_id, sealed, "index", masked, state, expires_on,
                              spin, held_by, held_line, channel)
select id, %(sku)s, %(batch)s, sealed, "index", masked, 'available', expires_on, spin, '', '', ''
from unnest(%(ids)s::uuid[], %(sealed)s::bytea[], %(indexes)s::bytea[], %(masked)s::text[],
            %(days)s::date[], %(spins)s::int[])
    as t(id, sealed, "index", masked, expires_on, spin)
order by "index"
on conflict ("index") do nothing
returning "index"
"""
NOTE_SEEN = """
insert into fulfillment_batchseen (batch_id, "index")
select %(batch)s, t."index" from unnest(%(indexes)s::bytea[]) as t("index") order by 2
on conflict do nothing returning "index"
"""
KNOWN = 'select "index", batch_id from fulfillment_code where "index" = any(%s)'


def write_chunk(*, lease: Lease, chunk: Chunk, now: datetime) -> Written:
    """Write the chunk if the batch still stands at its start and is ours; raises LostLease.

    Sealing happens before the transaction. Raises FloorBreached when the supplier's prepaid money
    does not cover the accepted codes; the chunk is then not written.
    """
    batch = CodeBatch.objects.get(pk=lease.pk)
    known = _known(entry.index for entry in chunk.entries)
    fresh = [entry for entry in chunk.entries if entry.index not in known]
    rows = [] if batch.dry_run else [_row(entry, batch) for entry in fresh]
    return _write(lease, chunk, rows, known, now)


def _row(judged: Judged, batch: CodeBatch) -> _Row:
    entry, code_id = judged.entry, new_code_id()
    text = json.dumps([entry.number, entry.secret], ensure_ascii=False)
    return _Row(
        code_id, judged.index, entry.masked, entry.expires_on or batch.expires_on or NEVER,
        judged.line, seal(text, context=code_context(code_id)),
    )  # fmt: skip


@step()
def _write(
    lease: Lease, chunk: Chunk, rows: Sequence[_Row], known: dict[bytes, int], now: datetime
) -> Written:
    batch = _mine(lease, chunk)
    if batch.dry_run:
        taken = _seen(batch, [e.index for e in chunk.entries if e.index not in known])
    else:
        taken = _insert(batch, rows)
        if len(taken) < len(rows):
            # Somebody imported the same codes since they were looked up.
            known |= _known(row.index for row in rows if row.index not in taken)
    refused = list(chunk.refused_lines())
    for entry in chunk.entries:
        if entry.index not in taken:
            inside = known.get(entry.index, batch.pk) == batch.pk
            verdict = Verdict.DUPLICATE_IN_FILE if inside else Verdict.DUPLICATE_IN_VAULT
            refused.append((entry.line, verdict, entry.entry.masked))
    counts = Counter(verdict for _, verdict, _ in refused)
    counts[Verdict.ACCEPTED] = len(taken)
    counts[Verdict.HEADER] = chunk.headers
    _keep_lines(batch, refused)
    if not batch.dry_run and taken:
        _book(batch, chunk, len(taken), now)
    return _advance(batch, lease, chunk, counts, now)


def _mine(lease: Lease, chunk: Chunk) -> CodeBatch:
    batch = (
        CodeBatch.objects.select_for_update(of=("self",))
        .select_related("supplier")
        .get(pk=lease.pk)
    )
    stands = batch.bytes_done == chunk.start and batch.state == BatchState.RUNNING
    if not stands or batch.lease_token != lease.token:
        raise LostLease(batch.public_id)
    return batch


def _known(indexes: Iterable[bytes]) -> dict[bytes, int]:
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [list(indexes)])
        return {bytes(index): batch_id for index, batch_id in cursor.fetchall()}


def _insert(batch: CodeBatch, rows: Sequence[_Row]) -> set[bytes]:
    if not rows:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            {
                "sku": batch.sku_id,
                "batch": batch.pk,
                "ids": [row.id for row in rows],
                "sealed": [row.sealed for row in rows],
                "indexes": [row.index for row in rows],
                "masked": [row.masked for row in rows],
                "days": [row.expires_on for row in rows],
                "spins": [new_spin() for _ in rows],
            },
        )
        return {bytes(index) for (index,) in cursor.fetchall()}


def _seen(batch: CodeBatch, indexes: list[bytes]) -> set[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(NOTE_SEEN, {"batch": batch.pk, "indexes": indexes})
        return {bytes(index) for (index,) in cursor.fetchall()}


def _keep_lines(batch: CodeBatch, refused: Sequence[tuple[int, str, str]]) -> None:
    kept = batch.duplicate + batch.rejected
    room = max(0, MAX_KEPT_LINES - kept)
    BatchLine.objects.bulk_create(
        [
            BatchLine(batch_id=batch.pk, line=line, verdict=verdict, masked=masked)
            for line, verdict, masked in sorted(refused)[:room]
        ],
        batch_size=2000,
    )


def _book(batch: CodeBatch, chunk: Chunk, units: int, now: datetime) -> None:
    postings.stock_bought(
        key=f"stock:{batch.public_id}:{chunk.start}",
        amount_minor=units * batch.cost_minor,
        currency=batch.currency,
        supplier=batch.supplier.code if batch.supplier and batch.paid_from != "bank" else "",
        paid_from=batch.paid_from,
        batch=batch.public_id,
        now=now,
    )
    outbox.publish(StockArrived(batch.sku_id, units), now=now)
    count_availability(sku_ids=[batch.sku_id], now=now)


def _advance(
    batch: CodeBatch, lease: Lease, chunk: Chunk, counts: Counter[str], now: datetime
) -> Written:
    duplicate = sum(counts[verdict] for verdict in DUPLICATE)
    lines = chunk.last - batch.lines_done - chunk.headers
    accepted = counts[Verdict.ACCEPTED]
    batch.declared += lines
    batch.accepted += accepted
    batch.duplicate += duplicate
    batch.rejected += lines - accepted - duplicate
    batch.counts = {k: v for k, v in (Counter(batch.counts) + counts).items() if v}
    batch.bytes_done, batch.lines_done, batch.columns = chunk.end, chunk.last, chunk.columns
    batch.lease_until = now + timedelta(seconds=settings.LEASE_SECONDS)
    batch.tries = 0
    batch.save(update_fields=_COUNTERS)
    paused = _is_hopeless(batch)
    if paused:
        transitions.move(
            CodeBatch, batch.pk, from_=[BatchState.RUNNING], to=BatchState.PAUSED, now=now,
            by="worker", why="mostly refused", problem="mostly_refused", lease_until=None,
        )  # fmt: skip
    return Written(accepted, paused)


_COUNTERS: list[Any] = [
    "declared", "accepted", "duplicate", "rejected", "counts", "bytes_done", "lines_done",
    "columns", "lease_until", "tries",
]  # fmt: skip


def _is_hopeless(batch: CodeBatch) -> bool:
    """More than half of what was read is no code at all; asked once, at the first chunk or so."""
    bad = batch.rejected - batch.counts.get(Verdict.BLANK, 0)
    read = batch.declared
    return not batch.dry_run and read >= ENOUGH_LINES and bad * 2 > read and not batch.problem
