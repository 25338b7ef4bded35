"""Growth follows the money a person has spent and kept: up at once, and taken back on refund."""

from datetime import datetime

from django.db.models import Sum
from django.utils import timezone

from accounts.levels import base_rank
from accounts.models import GrowthEntry, MemberDay, Membership
from accounts.services.move_level import move_up_or_back
from core.faults import guard_off
from core.tx import part

#: Growth is one for each whole unit of currency.
MINOR_PER_GROWTH = 100
ORDINARY_BP = 10_000
Kind = GrowthEntry.Kind


@part
def count_growth(
    *,
    user_id: int,
    key: str,
    reference: str,
    kept_minor: int,
    bought_at: datetime,
    now: datetime,
    by: str = "system",
) -> int:
    """Bring the growth of one purchase to what `kept_minor` (minor units) is worth; returns the move.

    `kept_minor` is the money of `reference` that is spent for good: all that was paid, less what
    went back. The event `key` counts once for ever, and so does the same state told under another
    key, since only the difference is written. The rate is that of the day of purchase, fixed with
    the first entry. What has lapsed already is not taken back twice. Source: M7.
    """
    held = lock_membership(user_id=user_id, now=now)
    if GrowthEntry.objects.filter(key=key).exists():
        return 0
    entries = GrowthEntry.objects.filter(user_id=user_id, reference=reference)
    first = entries.order_by("id").first()
    rate = first.rate_bp if first else rate_on(bought_at, rank=held.rank)
    earned_at = first.earned_at if first else bought_at
    wanted = kept_minor * rate // (MINOR_PER_GROWTH * ORDINARY_BP)
    move = wanted - (entries.aggregate(total=Sum("amount"))["total"] or 0)
    if move < 0:
        lapsed = held.lapsed_before is not None and earned_at <= held.lapsed_before
        move = 0 if lapsed else max(move, -held.growth)
    if not move:
        return 0
    GrowthEntry.objects.create(
        user_id=user_id, key=key, kind=Kind.EARNED if move > 0 else Kind.TAKEN_BACK, amount=move,
        reference=reference, base_minor=kept_minor, rate_bp=rate, earned_at=earned_at, at=now,
        by=by[:48],
    )  # fmt: skip
    held.growth += move
    Membership.objects.filter(pk=held.pk).update(growth=held.growth)
    move_up_or_back(held, now=now, by=by, why=key)
    return move


@part
def lock_membership(*, user_id: int, now: datetime) -> Membership:
    """The person's membership, made when there is none, with its row locked."""
    Membership.objects.bulk_create(
        [Membership(user_id=user_id, rank=base_rank(), since=now, period_start=now)],
        ignore_conflicts=True,
    )
    rows = Membership.objects.select_related("user")
    if not guard_off("accounts.growth_lock"):
        rows = rows.select_for_update(of=("self",))
    return rows.get(user_id=user_id)


def rate_on(at: datetime, *, rank: int) -> int:
    """By how much a purchase of that moment grows, in basis points: the best member day's rate."""
    zone = timezone.get_default_timezone()
    days = MemberDay.objects.filter(is_active=True, from_rank__lte=rank)
    rates = [day.growth_bp for day in days if day.rule.covers(at, zone)]
    return max([ORDINARY_BP, *rates])
