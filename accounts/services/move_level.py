"""A person's level follows their growth: up at once; what was lent by a refunded purchase goes back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from accounts.levels import Standing, fitting, standings
from accounts.models import Membership
from core.models.statechange import StateChange
from core.tx import part


@part
def move_up_or_back(held: Membership, *, now: datetime, by: str, why: str) -> bool:
    """After growth moved: a level that is reached is held at once; one that was lent is lost at once.

    Only a refund takes a level before its time, since the growth it rested on was never kept; the
    standing before the rise is then held on, with its own dates. `held` is locked. Returns whether
    the level moved.
    """
    target = fitting(held.growth, standings())
    rank = target.rank if target else 0
    if rank > held.rank:
        before = _standing(held)
        return hold_level(held, target, now=now, by=by, why=why, fallback=before)
    if held.growth < held.needed:
        return _go_back(held, target, now=now, by=by, why=why)
    return False


@part
def hold_level(
    held: Membership,
    level: Standing | None,
    *,
    now: datetime,
    by: str,
    why: str,
    fallback: Mapping[str, Any] | None = None,
) -> bool:
    """Write a level and its history and start a new period; returns whether the level moved.

    A level that takes no growth has no end. `fallback` is the standing that a refund leads back to.
    """
    needed = level.growth_needed if level else 0
    was, held.rank, held.needed = held.rank, level.rank if level else 0, needed
    held.since = held.period_start = now
    held.ends_at = now + timedelta(days=level.validity_days) if level and needed else None
    held.fallback = dict(fallback) if fallback else None
    held.save()
    return _tell(held, was, now=now, by=by, why=why)


def _go_back(held: Membership, level: Standing | None, *, now: datetime, by: str, why: str) -> bool:
    rank, before = level.rank if level else 0, held.fallback
    while before and before["rank"] > rank:
        before = before["fallback"]
    if not before or before["rank"] != rank or before["needed"] > held.growth:
        return hold_level(held, level, now=now, by=by, why=why)
    was, held.rank, held.needed = held.rank, rank, before["needed"]
    held.since = datetime.fromisoformat(before["since"])
    held.period_start = datetime.fromisoformat(before["period_start"])
    held.ends_at = datetime.fromisoformat(before["ends_at"]) if before["ends_at"] else None
    held.fallback = before["fallback"]
    held.save()
    return _tell(held, was, now=now, by=by, why=why)


def _standing(held: Membership) -> dict[str, Any]:
    return {
        "rank": held.rank,
        "needed": held.needed,
        "since": held.since.isoformat(),
        "period_start": held.period_start.isoformat(),
        "ends_at": held.ends_at.isoformat() if held.ends_at else None,
        "fallback": held.fallback,
    }


def _tell(held: Membership, was: int, *, now: datetime, by: str, why: str) -> bool:
    if was == held.rank:
        return False
    StateChange.objects.create(
        entity="membership", subject=held.user.public_id, was=str(was), became=str(held.rank),
        at=now, by=by[:48], why=why[:200],
    )  # fmt: skip
    return True
