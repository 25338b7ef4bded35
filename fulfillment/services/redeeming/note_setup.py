"""Who set up merchants, stores, clerks and terms, and how: written down in the edit's own transaction."""

from datetime import datetime

from core import audit
from core.tx import part

MERCHANTS, TERMS = "merchants:saved", "vouchers:terms"


@part
def note_setup(*, tag: str, subject: str, changed: dict[str, str], by: str, now: datetime) -> None:
    """Audit an edit of the back office: each field with its new value. Nothing changed, nothing told."""
    if changed:
        audit.record(tag=tag, by=by, subject=subject, after=changed, now=now)
