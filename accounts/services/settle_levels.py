"""What time does to levels: held on or lost at the end of a validity, and new levels reached."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet, Sum

from accounts.levels import Standing, fitting, standing_of, standings
from accounts.models import GrowthEntry, Membership
from accounts.services.move_level import hold_level
from core.each import each
from core.tx import step

BATCH = 200
BY = "system"
Kind = GrowthEntry.Kind


def settle_levels(*, now: datetime) -> int:
    """Look at memberships whose validity is over, each in its own step; returns how many changed.

    Source: M7, down at the end of the validity with a grace. Runs any number of times.
    """
    due = Membership.objects.filter(ends_at__lte=now).order_by("ends_at", "id")
    keys = list(due.values_list("pk", flat=True)[:BATCH])
    return each(
        lambda key: settle_level(membership=key, now=now), keys, name="accounts.settle_level"
    )


@step()
def settle_level(*, membership: int, now: datetime) -> bool:
    """One validity that is over: held on when enough was earned in it, else lost after the grace.

    What is earned in the days of grace counts for the old period too. Growth from before the period
    falls away when it ends. Returns whether anything changed.
    """
    held = (
        Membership.objects.select_for_update(of=("self",)).select_related("user").get(pk=membership)
    )
    if held.ends_at is None or held.ends_at > now:
        return False
    level, earned = standing_of(held.rank), earned_in_period(held)
    if level is not None and earned >= level.growth_needed:
        _lapse(held, earned, now=now)
        held.period_start, held.needed, held.fallback = held.ends_at, level.growth_needed, None
        held.ends_at += timedelta(days=level.validity_days)
        held.save()
        return True
    if held.ends_at + timedelta(days=level.grace_days if level else 0) > now:
        return False
    _lapse(held, earned, now=now)
    hold_level(held, fitting(held.growth, standings()), now=now, by=BY, why="validity over")
    return True


@step()
def refit_levels(*, now: datetime) -> int:
    """After levels were edited: whoever reaches a higher one now holds it. Returns how many moved.

    Nobody loses a level by an edit: what a level takes counts from the end of a validity on.
    """
    levels, moved = standings(), 0
    rows = _behind(levels).select_related("user").order_by("pk")
    for held in rows.select_for_update(of=("self",))[:BATCH]:
        level = fitting(held.growth, levels)
        moved += hold_level(held, level, now=now, by=BY, why="levels changed")
    return moved


def earned_in_period(held: Membership) -> int:
    """What of somebody's growth was earned in the running period: what stays when it ends."""
    entries = GrowthEntry.objects.filter(user_id=held.user_id, earned_at__gt=held.period_start)
    total = entries.exclude(kind=Kind.LAPSED).aggregate(total=Sum("amount"))["total"] or 0
    return max(0, min(total, held.growth))


def _behind(levels: Sequence[Standing]) -> QuerySet[Membership]:
    wanted = Q(pk__in=[])
    for one in levels:
        wanted |= Q(rank__lt=one.rank, growth__gte=one.growth_needed)
    return Membership.objects.filter(wanted)


def _lapse(held: Membership, rest: int, *, now: datetime) -> None:
    """What was earned before the running period falls away."""
    if held.growth > rest:
        GrowthEntry.objects.create(
            user_id=held.user_id, key=f"lapsed:{held.pk}:{held.ends_at:%Y%m%d%H%M%S%f}",
            kind=Kind.LAPSED, amount=rest - held.growth, earned_at=now, at=now, by=BY,
        )  # fmt: skip
    held.growth, held.lapsed_before = rest, held.period_start
