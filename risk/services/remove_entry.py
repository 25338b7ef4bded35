from datetime import datetime

from django.core.exceptions import PermissionDenied

from core import approvals, audit
from core.tx import step
from risk import rulebook
from risk.models import ListEntry
from risk.services.add_entry import ACT


@step()
def remove_entry(*, entry_id: str, by: str, now: datetime) -> bool:
    """Take an entry (public id) off its list; the row stays as history. False when it was off.

    `by` is a person's public id. Raises PermissionDenied.
    """
    if not approvals.AUTHORITY.get("may")(by, ACT):
        raise PermissionDenied
    acting = f"user:{by.removeprefix('user:')}"
    taken = ListEntry.objects.filter(public_id=entry_id, removed_at__isnull=True).update(
        removed_at=now, removed_by=acting
    )
    if taken:
        audit.record(tag="risk:list_removed", by=acting, subject=entry_id, now=now)
        rulebook.changed()
    return bool(taken)
