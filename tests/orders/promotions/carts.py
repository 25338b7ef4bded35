"""Random carts and rules for the engine."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from orders.promotions.rules.registry import read_terms
from orders.promotions.values import Cart, Facts, Group, Line, Rule, Scope, Who
from tests.orders.promotions.dice import Dice

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SKUS = ("S1", "S2", "S3", "S4")
NAMES = (*(f"sku:{sku}" for sku in SKUS), "category:video", "category:food", "brand:iqiyi")
MOST_LINES, MOST_RULES, MOST_MINOR = 6, 6, 30_000
#: Enough for the largest cart; where bytes end, choices are the least.
BYTES = 512
GROUPS = {
    "special_price": (Group.PRICE,), "percent_off": (Group.PRICE, Group.ITEM, Group.COUPON),
    "amount_off": (Group.ORDER, Group.COUPON), "nth_unit": (Group.ITEM,),
    "several_for": (Group.ITEM,), "gift_with": (Group.GIFT,), "points": (Group.TENDER,),
}  # fmt: skip


def cart_of(data: bytes) -> Cart:
    """The cart that these bytes stand for: up to six lines and six rules of every kind."""
    dice = Dice(data)
    lines = [_line(dice, place) for place in range(dice.number(1, MOST_LINES))]
    rules = [_rule(dice, place) for place in range(dice.number(0, MOST_RULES))]
    facts = Facts(
        channel=dice.choice(("main", "live")), at=NOON, user=dice.choice(("", "usr_1")),
        level=dice.choice((0, 2)), first_order=dice.choice((False, True)),
    )  # fmt: skip
    return Cart(lines, facts, rules)


carts = st.binary(min_size=BYTES, max_size=BYTES).map(cart_of)


def _line(dice: Dice, place: int) -> Line:
    unit = dice.number(0, 20_000)
    return Line(
        key=f"{dice.choice(SKUS)}:{place}",
        names=dice.some(NAMES, least=1, most=3),
        quantity=dice.number(1, 7),
        unit_minor=unit,
        floor_minor=dice.choice((0, unit // 2, dice.number(0, unit))),
    )


def _rule(dice: Dice, place: int) -> Rule:
    """A rule that is for most buyers and has room for most carts, so that rules meet."""
    kind = dice.choice(sorted(GROUPS))
    return Rule(
        id=f"pro_{place}",
        group=dice.choice(GROUPS[kind]),
        terms=read_terms(kind, _terms(dice, kind)),
        scope=Scope(_names(dice), _names(dice) if dice.choice((False, True)) else frozenset()),
        who=Who(
            channels=dice.choice((*(frozenset[str](),) * 3, frozenset({"main"}))),
            minimum_level=dice.choice((0, 0, 0, 2)),
            first_order=dice.choice((False, False, False, True)),
        ),
        ends_at=dice.choice((None, None, NOON + timedelta(days=1), NOON)),
        priority=dice.number(0, 2),
        alone=dice.choice((False, False, False, True)),
        left_minor=dice.choice((None, None, dice.number(0, MOST_MINOR), 10 * MOST_MINOR)),
        subsidy_minor=dice.choice((0, 0, dice.number(0, MOST_MINOR), 10 * MOST_MINOR)),
        funded=kind == "points",
    )


def _names(dice: Dice) -> frozenset[str]:
    """Often none at all."""
    return dice.some(NAMES, most=dice.choice((0, 2)))


def _terms(dice: Dice, kind: str) -> dict[str, Any]:
    kinds: dict[str, Callable[[], dict[str, Any]]] = {
        "special_price": lambda: {"unit_minor": dice.number(0, MOST_MINOR)},
        "percent_off": lambda: {
            "off_bp": _share(dice), "from_minor": dice.number(0, MOST_MINOR),
            "most_minor": dice.choice((None, dice.number(1, MOST_MINOR))),
        },
        "amount_off": lambda: _steps(dice),
        "nth_unit": lambda: {
            "nth": dice.number(2, 4), "off_bp": _share(dice), "times": dice.number(0, 3),
        },
        "several_for": lambda: {
            "units": dice.number(2, 4), "price_minor": dice.number(0, MOST_MINOR),
            "times": dice.number(0, 3),
        },
        "gift_with": lambda: {
            "sku_code": "GIFT", "from_minor": dice.number(0, MOST_MINOR),
            "list_minor": dice.number(1, MOST_MINOR), "floor_minor": dice.number(0, 3000),
        },
        "points": lambda: {
            "points": dice.number(0, 5000), "minor_per_point": dice.number(1, 10),
            "most_bp": _share(dice),
        },
    }  # fmt: skip
    return kinds[kind]()


def _steps(dice: Dice) -> dict[str, Any]:
    """So much off from so much on: up to four steps, or one again and again."""
    if dice.choice((False, True)):
        step = [dice.number(1, MOST_MINOR), dice.number(1, MOST_MINOR)]
        return {"steps": [step], "again": True}
    starts = sorted({dice.number(0, MOST_MINOR) for _ in range(dice.number(1, 4))})
    return {"steps": [[start, dice.number(1, MOST_MINOR)] for start in starts]}


def _share(dice: Dice) -> int:
    """Of the whole, in basis points."""
    return dice.number(1, 10_000)
