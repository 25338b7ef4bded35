"""Levels and member days are rows; an edit is audited and followed at once."""

from datetime import datetime
from typing import Any

from accounts.levels import tell_followers
from accounts.models import MemberDay, MemberLevel
from core import audit
from core.tx import part

LEVEL_EDITED = "level:edited"


@part
def save_level(*, level: MemberLevel, changed: dict[str, Any], now: datetime, by: str) -> None:
    """Save a level; who reaches it by the edit holds it within a minute (`refit_levels`)."""
    level.changed_at = now
    level.save()
    _leave_trace(f"level:{level.rank}", changed, now=now, by=by)


@part
def save_member_day(*, day: MemberDay, changed: dict[str, Any], now: datetime, by: str) -> None:
    """Save a member day; prices of that day follow at once."""
    day.save()
    _leave_trace(f"memberday:{day.pk}", changed, now=now, by=by)


def _leave_trace(subject: str, changed: dict[str, Any], *, now: datetime, by: str) -> None:
    audit.record(tag=LEVEL_EDITED, by=by, subject=subject, after=changed, now=now)
    tell_followers()
