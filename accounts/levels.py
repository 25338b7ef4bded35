"""Member levels as plain values, and who follows when they change."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.db.models import Max

from accounts.models import MemberLevel
from core.sockets import Socket

#: Called in the transaction of a change of levels or member days: caches above follow.
FOLLOWERS: Socket[Callable[[], None]] = Socket("who follows member levels")
#: What floors above give to levels: rank → sentences in the active language.
RIGHTS: Socket[Callable[[], dict[int, list[str]]]] = Socket("rights of member levels")


@dataclass(frozen=True, slots=True)
class Standing:
    """A level as the rules need it; days and hours are whole, growth counts units of money."""

    rank: int
    growth_needed: int
    validity_days: int
    grace_days: int


def tell_followers() -> None:
    """Somebody changed levels or member days."""
    for follow in FOLLOWERS:
        follow()


def level_of(user_id: int) -> int:
    """The rank somebody holds: what stands in their membership, else the level that takes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(
            """select coalesce(
                 (select rank from accounts_membership where user_id = %s),
                 (select max(rank) from accounts_memberlevel where is_active and growth_needed = 0),
                 0)""",
            [user_id],
        )
        return int(cursor.fetchone()[0])


def standings() -> tuple[Standing, ...]:
    """All levels that can be reached, the lowest first."""
    rows = MemberLevel.objects.filter(is_active=True).order_by("rank")
    return tuple(_standing(row) for row in rows)


def standing_of(rank: int) -> Standing | None:
    """One level, also when it can be reached no more."""
    row = MemberLevel.objects.filter(rank=rank).first()
    return None if row is None else _standing(row)


def base_rank() -> int:
    """The level of everybody who signs in; 0 when there is none."""
    free = MemberLevel.objects.filter(is_active=True, growth_needed=0)
    return free.aggregate(most=Max("rank"))["most"] or 0


def fitting(growth: int, levels: tuple[Standing, ...]) -> Standing | None:
    """The highest level that so much growth reaches."""
    return max(
        (one for one in levels if one.growth_needed <= growth),
        key=lambda one: one.rank,
        default=None,
    )


def _standing(row: MemberLevel) -> Standing:
    return Standing(row.rank, row.growth_needed, row.validity_days, row.grace_days)
