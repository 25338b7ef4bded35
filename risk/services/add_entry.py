from datetime import datetime

from django.core.exceptions import PermissionDenied

from core import approvals, audit
from core.tx import step
from risk import rulebook, values
from risk.models import Assessment, ListEntry

ACT = "risk.edit_lists"


@step()
def add_entry(
    *,
    list_name: str,
    kind: str,
    value: str,
    reason: str,
    expires_at: datetime | None,
    by: str,
    now: datetime,
) -> ListEntry:
    """Put a value on the block or allow list until `expires_at` (None: until it is taken out).

    `by` is a person's public id with the act `risk.edit_lists`. Raises NotAValue, PermissionDenied,
    IntegrityError when the value is on that list already.
    """
    spelled = values.normal(kind, value)
    prefix = int(spelled.rpartition("/")[2]) if kind == values.Kind.NETWORK else 0
    return _add(
        ListEntry(
            list=list_name,
            kind=kind,
            value_index=values.value_index(kind, spelled),
            masked=values.masked(kind, spelled),
            prefix=prefix,
            reason=reason,
            expires_at=expires_at,
        ),
        by=by,
        now=now,
    )


@step()
def block_address_of(
    *, assessment: Assessment, reason: str, expires_at: datetime | None, by: str, now: datetime
) -> ListEntry:
    """Block the address an assessment was about: we know its index and mask, not the address."""
    return _add(
        ListEntry(
            list=ListEntry.List.BLOCK,
            kind=values.Kind.IP,
            value_index=bytes.fromhex(assessment.facts["ip_index"]),
            masked=assessment.facts["ip"],
            reason=reason,
            expires_at=expires_at,
        ),
        by=by,
        now=now,
    )


def _add(entry: ListEntry, *, by: str, now: datetime) -> ListEntry:
    if not approvals.AUTHORITY.get("may")(by, ACT):
        raise PermissionDenied
    _retire_expired(entry, now)
    entry.created_by, entry.created_at = f"user:{by.removeprefix('user:')}", now
    entry.save(force_insert=True)
    audit.record(
        tag="risk:list_added",
        by=entry.created_by,
        subject=entry.public_id,
        now=now,
        after={
            "list": entry.list,
            "kind": entry.kind,
            "value": entry.masked,
            "reason": entry.reason,
            "expires_at": entry.expires_at.isoformat() if entry.expires_at else None,
        },
    )
    if entry.prefix:
        rulebook.changed()
    return entry


def _retire_expired(entry: ListEntry, now: datetime) -> None:
    """An entry that has run out makes room for a new one of the same value."""
    ListEntry.objects.filter(
        list=entry.list,
        kind=entry.kind,
        value_index=entry.value_index,
        removed_at__isnull=True,
        expires_at__lte=now,
    ).update(removed_at=now, removed_by="system")
