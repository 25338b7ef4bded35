"""People with points, and rules by which they earn them."""

from datetime import datetime, timedelta
from typing import Any

from core import clock
from core.ids import new_id
from core.tx import step
from orders.models import PointsRule
from orders.services.place_order import Wanted
from orders.services.points.points_book import grant_points
from orders.services.points.points_rule import points_rule
from orders.services.quote import Item
from tests.factories.orders import wanted


def make_rule(**fields: Any) -> PointsRule:
    """A point for each yuan, credited at once, unless told otherwise."""
    told: dict[str, Any] = {
        "name": "消费得积分", "name_en": "Points for buying", "wait_days": 0, "is_active": True,
        "created_at": clock.now(), "created_by": "test",
    }  # fmt: skip
    return PointsRule.objects.create(**(told | fields))


def give(
    owner: str, points: int, *, days: int | None = 30, key: str = "", now: datetime | None = None
) -> None:
    """Points of one lot."""
    at = now or clock.now()
    ends = at + timedelta(days=days) if days else None
    with step():
        grant_points(
            owner=owner, points=points, kind="correction", key=key or new_id("tst"), subject="",
            expires_at=ends, now=at,
        )  # fmt: skip


def wanted_with_points(owner: str, points: int, *items: Item, **more: Any) -> Wanted:
    """A checkout form that pays as much as it may with so many points."""
    rules = tuple(points_rule(owner=owner, asked=points, now=clock.now()))
    return wanted(*items, owner=owner, rules=rules, **more)
