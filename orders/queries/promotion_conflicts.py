"""What a promotion meets while it runs: others at the same time, for the same goods and people."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.offers import Offer
from orders.models import Promotion
from orders.promotions.engine import price_cart
from orders.promotions.rules.base import BadTerms
from orders.promotions.values import MOST_OF_GROUP, Cart, Facts, Group, Line, Rule, Who
from orders.queries.promotion_goods import channels_of, goods_of, line_of
from orders.queries.promotions import live_promotion
from orders.states import PromotionState

MOST_OTHERS = 200
MOST_TRIED = 60
UNITS = 3
AMPLE = 10**12


class Meeting(StrEnum):
    """What happens where two promotions meet."""

    STACK = "stack"
    ALONE = "alone"
    BETTER = "better"
    ONE_COUPON = "one_coupon"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another promotion, what happens, how many goods both are about, and which of them the two
    together would push to their floor."""

    other: Promotion
    meeting: Meeting
    shared: int
    to_floor: tuple[str, ...]


def conflicts(row: Promotion, *, now: datetime) -> list[Conflict]:
    """Promotions that are live, now or later in its time, and share goods, a channel and buyers."""
    goods = {
        view.code: {one.sku_code: one for one in goods_of(row, view, now)}
        for view in channels_of(row)
    }
    found = []
    others = Promotion.objects.filter(state=PromotionState.LIVE, currency=row.currency)
    for other in others.exclude(public_id=row.public_id).order_by("id")[:MOST_OTHERS]:
        if not _same_time(row, other):
            continue
        shared = _shared(goods, other, now)
        if shared:
            found.append(_conflict(row, other, shared, now))
    return found


def _same_time(one: Promotion, other: Promotion) -> bool:
    late = one.ends_at and other.starts_at and one.ends_at <= other.starts_at
    early = other.ends_at and one.starts_at and other.ends_at <= one.starts_at
    return not late and not early


def _shared(goods: dict[str, dict[str, Offer]], other: Promotion, now: datetime) -> list[Offer]:
    found: dict[str, Offer] = {}
    for view in channels_of(other):
        mine = goods.get(view.code, {})
        for offer in goods_of(other, view, now):
            if offer.sku_code in mine:
                found.setdefault(offer.sku_code, offer)
    return list(found.values())


def _conflict(row: Promotion, other: Promotion, shared: list[Offer], now: datetime) -> Conflict:
    meeting = _meeting(row, other)
    try:
        rules = [_free(row), _free(other)]
    except BadTerms:
        rules = []
    to_floor: tuple[str, ...] = ()
    if meeting == Meeting.STACK and rules:
        to_floor = tuple(one.sku_code for one in shared[:MOST_TRIED] if _to_floor(one, rules, now))
    return Conflict(other, meeting, len(shared), to_floor)


def _meeting(row: Promotion, other: Promotion) -> Meeting:
    if row.alone or other.alone:
        return Meeting.ALONE
    if row.stack != other.stack:
        return Meeting.STACK
    return Meeting.ONE_COUPON if Group(row.stack) in MOST_OF_GROUP else Meeting.BETTER


def _free(row: Promotion) -> Rule:
    """The rule for anybody at any time and without budgets: only its terms are looked at."""
    one = live_promotion(row)
    return Rule(one.id or "new", one.group, one.terms, one.scope, Who())


def _to_floor(offer: Offer, rules: list[Rule], now: datetime) -> bool:
    """Whether both together would give more than there is above the floor of this good."""
    line = line_of(offer, UNITS)
    bare = Line(line.key, line.names, UNITS, line.unit_minor, 0)
    facts = Facts("", now)
    wished = price_cart(Cart([bare], facts, rules)).total_minor
    return wished < line.floor_minor * UNITS
