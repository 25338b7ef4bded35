"""The audit trail: append-only rows in the act's own transaction, chained afterwards.

Tags are a closed list (AUDIT_TAGS, `subject:act`); nobody invents one at the call site. The chain
is made by one sealer outside the hot path: it takes entries of transactions that are all decided,
in order, and links each to the hash before it. Editing, deleting, inserting or reordering a
sealed entry is named by `verify_chain`; cutting the tail is found against an anchor kept outside.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from core.models.audit import AuditEntry, AuditSeal
from core.sockets import Socket
from core.tx import part, step

GENESIS = "0" * 64
AUDIT_TAGS: Socket[str] = Socket("audit tags")


def declare(tag: str, title: str) -> str:
    """Add a tag to the closed list, with what it means."""
    return AUDIT_TAGS.register(tag, title)


for _tag, _title in {
    "switch:thrown": "A switch was thrown",
    "approval:requested": "An act that takes two persons was asked for",
    "approval:executed": "A second person agreed and it was carried out",
    "approval:rejected": "A second person refused",
    "keys:rotated": "Encryption keys were rotated",
}.items():
    declare(_tag, _title)


@part
def record(
    *,
    tag: str,
    by: str,
    subject: str,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    ip: str = "",
) -> AuditEntry:
    """Write who did what to which thing. Raises KeyError for a tag nobody declared.

    `before` and `after` hold plain values and never a secret.
    """
    AUDIT_TAGS.get(tag)
    return AuditEntry.objects.create(
        tag=tag, by=by[:48], subject=subject, before=before, after=after, ip=ip, at=now
    )


def _canonical(entry: AuditEntry) -> bytes:
    fields = [
        entry.pk,
        entry.xid,
        entry.at.astimezone(UTC).isoformat(),
        entry.by,
        entry.ip,
        entry.tag,
        entry.subject,
        entry.before,
        entry.after,
    ]
    return json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _link(prev_hash: str, entry: AuditEntry) -> str:
    return hashlib.sha256(prev_hash.encode() + b"\x00" + _canonical(entry)).hexdigest()


@step()
def seal(*, now: datetime, limit: int = 1000) -> int:
    """Chain up to `limit` decided entries; 0 when there are none or another sealer is at work."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(hashtext('core.audit.seal'))")
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        (undecided_from,) = cursor.fetchone()
    last = AuditSeal.objects.order_by("-seq").first()
    entries = AuditEntry.objects.filter(xid__lt=undecided_from).order_by("xid", "pk")
    if last is not None:
        entries = entries.extra(
            where=["(xid, id) > (%s, %s)"], params=[last.entry_xid, last.entry_id]
        )
    seq, prev = (last.seq, last.hash) if last else (0, GENESIS)
    seals = []
    for entry in entries[:limit]:
        seq, link = seq + 1, _link(prev, entry)
        seals.append(
            AuditSeal(
                seq=seq, entry_id=entry.pk, entry_xid=entry.xid, prev_hash=prev, hash=link, at=now
            )
        )
        prev = link
    AuditSeal.objects.bulk_create(seals)
    return len(seals)


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first place where the trail is not what was sealed."""

    seq: int
    what: str


def head() -> tuple[int, str]:
    """The chain's last number and hash: what an anchor outside the database remembers."""
    last = AuditSeal.objects.order_by("-seq").first()
    return (last.seq, last.hash) if last else (0, GENESIS)


def verify_chain(*, anchor: tuple[int, str] | None = None, chunk: int = 2000) -> Flaw | None:
    """Walk the whole chain; None when it is intact, else the first flaw.

    With an `anchor` (seq, hash) taken earlier, a cut or rewritten tail is found too.
    """
    seq, prev = 0, GENESIS
    for link, entry in _pairs(chunk):
        seq += 1
        if link.seq != seq:
            return Flaw(seq, "a seal is missing")
        if entry is None:
            return Flaw(seq, f"entry {link.entry_id} was deleted")
        if link.prev_hash != prev or link.hash != _link(prev, entry):
            return Flaw(seq, f"entry {link.entry_id} was changed or moved")
        if anchor and anchor[0] == seq and anchor[1] != link.hash:
            return Flaw(seq, "the chain was rewritten before the anchor")
        prev = link.hash
    if anchor and anchor[0] > seq:
        return Flaw(seq, f"the tail after {seq} was cut off; the anchor knows {anchor[0]}")
    return _unsealed_intruder()


def _pairs(chunk: int) -> Iterator[tuple[AuditSeal, AuditEntry | None]]:
    after = 0
    while True:
        links = list(AuditSeal.objects.filter(seq__gt=after).order_by("seq")[:chunk])
        if not links:
            return
        entries = AuditEntry.objects.in_bulk([link.entry_id for link in links])
        for link in links:
            yield link, entries.get(link.entry_id)
        after = links[-1].seq


def _unsealed_intruder() -> Flaw | None:
    """An entry slipped in behind the sealer has an older place than the last seal, and no link."""
    last = AuditSeal.objects.order_by("-seq").first()
    if last is None:
        return None
    intruder = (
        AuditEntry.objects.extra(
            where=[
                "(xid, core_auditentry.id) <= (%s, %s)",
                "not exists (select 1 from core_auditseal s where s.entry_id = core_auditentry.id)",
            ],
            params=[last.entry_xid, last.entry_id],
        )
        .order_by("pk")
        .first()
    )
    return Flaw(last.seq, f"entry {intruder.pk} was slipped in") if intruder else None
