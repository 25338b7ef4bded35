"""Member levels and level prices for tests; each call leaves the process snapshot fresh."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import MemberDay, MemberLevel, User
from accounts.services.count_growth import count_growth
from catalog.models import LevelPrice
from core import clock
from tests.factories.catalog import fresh

NAMES = {1: ("会员", "Member"), 2: ("银卡", "Silver"), 3: ("金卡", "Gold"), 4: ("黑金", "Black")}
GROWTH = {1: 0, 2: 500, 3: 2000, 4: 8000}


def make_level(rank: int, **values: Any) -> MemberLevel:
    """A level: 1 for everybody, 2 from 500, 3 from 2000, 4 from 8000."""
    name, name_en = NAMES[rank]
    defaults: dict[str, Any] = {
        "name": name,
        "name_en": name_en,
        "growth_needed": GROWTH[rank],
        "changed_at": clock.now(),
    }
    made = MemberLevel.objects.create(rank=rank, **{**defaults, **values})
    fresh()
    return made


def make_levels(**values: Any) -> list[MemberLevel]:
    """The first three levels."""
    return [make_level(rank, **values) for rank in (1, 2, 3)]


def make_day(**values: Any) -> MemberDay:
    """A member day, Wednesdays unless told otherwise."""
    defaults: dict[str, Any] = {"name": "会员日", "name_en": "Member day"}
    if "month_day" not in values:
        defaults["weekday"] = 3
    made = MemberDay.objects.create(**{**defaults, **values})
    fresh()
    return made


def make_level_price(level: MemberLevel, **values: Any) -> LevelPrice:
    """Nine tenths of the price, unless told otherwise."""
    if "price_list" not in values:
        values.setdefault("share_bp", 9000)
    made = LevelPrice.objects.create(level=level, **values)
    fresh()
    return made


def grow(user: User, yuan: int, *, now: datetime | None = None, key: str = "") -> int:
    """Let somebody have spent so much in an order of its own."""
    at = now or clock.now()
    name = key or f"ord_{user.pk}_{yuan}_{at.timestamp()}"
    with transaction.atomic():
        return count_growth(
            user_id=user.pk, key=f"test:{name}", reference=name[:40], kept_minor=yuan * 100,
            bought_at=at, now=at,
        )  # fmt: skip
