"""The demo's points: how they are earned, what they buy, and some for the first shopper."""

from datetime import datetime

from catalog.models import Sku
from core import approvals
from core.tx import step
from demo.offers import BY, staff_of
from demo.people import SHOPPERS, find
from orders.models import PointsCorrection, PointsGood, PointsRule
from orders.services.points.correct_points import request_correction

RULE = {"name": "每消费 1 元得 1 积分", "name_en": "1 point for every yuan"}
# SKU → points for one.
MALL = {"LK-LATTE": 1500, "KFC-50": 4400}
WELCOME = 2000


def give_points(*, now: datetime) -> str:
    """Set up what is missing; says how many goods points buy."""
    _set_up(now)
    _welcome(now)
    return f"{PointsGood.objects.filter(is_active=True).count()} goods"


@step()
def _set_up(now: datetime) -> None:
    if not PointsRule.objects.exists():
        PointsRule.objects.create(**RULE, is_active=True, created_at=now, created_by=BY)
    for code, points in MALL.items():
        PointsGood.objects.get_or_create(
            sku=Sku.objects.get(code=code),
            defaults={"points": points, "per_person": 2, "is_active": True},
        )


def _welcome(now: datetime) -> None:
    """Two persons give the first shopper some, as in any shop; without them there are none."""
    shopper, maker, checker = find(SHOPPERS[0]), staff_of("operator"), staff_of("finance")
    if shopper is None or maker is None or checker is None:
        return
    if PointsCorrection.objects.filter(owner=shopper.public_id).exists():
        return
    try:
        asked = request_correction(
            owner=shopper.public_id, points=WELCOME, reason="开业赠送", by=maker.public_id, now=now
        )
        approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=now)
    except approvals.NotAllowed:
        # This shop gives its roles to other people.
        return
