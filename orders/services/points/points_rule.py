"""Part of road step 2: points become a rule of the pricing engine, for a cart or for one good."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from orders.models import PointsGood
from orders.promotions.rules.points import PointsPay
from orders.promotions.rules.points_exchange import PointsExchange
from orders.promotions.values import Budget, Group, Measure, Rule, Scope
from orders.queries.points import usable_points
from orders.services.points.points_shares import points_of
from orders.services.quote import Quote

RULE = "points"
WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class PointsOffer:
    """What the checkout says about points. `most` is what this order may use, and why not more:
    `reason` is "balance" or "cap"; money in minor units."""

    balance: int
    most: int
    used: int
    worth_minor: int
    minor_per_point: int
    most_percent: int
    reason: str


def points_rule(*, owner: str, asked: int, now: datetime) -> list[Rule]:
    """The rule that pays part of an order with points, none without any to use.

    At most as many as the person has; what one is worth and which part of an order they may pay
    are settings of the shop (POINTS_MINOR_EACH in minor units, POINTS_MOST_BP).
    """
    if not owner or asked <= 0:
        return []
    points = min(asked, usable_points(owner, now=now))
    if points <= 0:
        return []
    terms = PointsPay(points, settings.POINTS_MINOR_EACH, settings.POINTS_MOST_BP)
    return [
        Rule(
            id=RULE, group=Group.TENDER, terms=terms, funded=True, title="积分支付",
            title_en="Paid with points",
        )
    ]  # fmt: skip


def exchange_rule(good: PointsGood, sku_code: str, *, owner: str) -> Rule:
    """The rule by which one piece of a good is had for points alone."""
    budgets = []
    if good.in_all is not None:
        budgets.append(Budget(f"promo:{good.public_id}:uses", good.in_all, Measure.USES))
    if good.per_person is not None:
        key = f"promo:{good.public_id}:by:{owner}"
        budgets.append(Budget(key, good.per_person, Measure.USES))
    return Rule(
        id=good.public_id, group=Group.TENDER, terms=PointsExchange(good.points), funded=True,
        scope=Scope(frozenset({f"sku:{sku_code}"})), title="积分兑换",
        title_en="Exchanged for points", budgets=tuple(budgets),
    )  # fmt: skip


def goods_for_points(*, now: datetime) -> list[PointsGood]:
    """What points buy at the moment, the cheapest first."""
    started = Q(starts_at=None) | Q(starts_at__lte=now)
    going = Q(ends_at=None) | Q(ends_at__gt=now)
    rows = PointsGood.objects.filter(started, going, is_active=True, sku__is_active=True)
    return list(rows.select_related("sku").order_by("points", "id")[:60])


def points_offer(priced: Quote, *, owner: str, now: datetime) -> PointsOffer | None:
    """How many points this cart may use, and uses; None for a guest and for who has none."""
    balance = usable_points(owner, now=now) if owner else 0
    if balance <= 0:
        return None
    paid = [one.as_json() for one in priced.adjustments if one.key == PointsPay.key]
    worth = -sum(one["amount_minor"] for one in paid)
    each, most_bp = settings.POINTS_MINOR_EACH, settings.POINTS_MOST_BP
    cap = (priced.total_minor + worth) * most_bp // WHOLE_BP // each
    return PointsOffer(
        balance=balance, most=min(balance, cap), used=sum(points_of(one) for one in paid),
        worth_minor=worth, minor_per_point=each, most_percent=most_bp // 100,
        reason="cap" if cap < balance else "balance",
    )  # fmt: skip
