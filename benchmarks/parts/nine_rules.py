"""Nine rules on ten lines: the example of docs/pricing.md, and what `bench promotions` prices. Pure."""

from datetime import UTC, datetime
from typing import Any

from core.money import format_minor
from orders.promotions.engine import price_cart
from orders.promotions.rules.registry import read_terms
from orders.promotions.values import Cart, Facts, Group, Line, Rule, Scope, Who

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
# Good, category, units, price and floor of one.
GOODS = (
    ("gold-month", "video", 1, 1990, 1650),
    ("gold-year", "video", 1, 18_900, 14_000),
    ("mango-month", "video", 2, 1590, 1100),
    ("bili-quarter", "video", 1, 5300, 4000),
    ("green-month", "audio", 2, 1280, 900),
    ("vinyl-year", "audio", 1, 11_300, 8500),
    ("salt-month", "reading", 3, 1590, 1000),
    ("latte", "food", 2, 1390, 1000),
    ("cinema", "food", 1, 3490, 2700),
    ("gift-card", "cards", 1, 9850, 9720),
)


# The terms as a promotion stores them, by name.
PARAMS: dict[str, dict[str, Any]] = {
    "first-six": {"unit_minor": 600},
    "audio-tenth": {"off_bp": 1000},
    "second-half": {"nth": 2, "off_bp": 5000},
    "three-for": {"units": 3, "price_minor": 24_000},
    "video-five": {"off_bp": 500},
    "sum-steps": {"steps": [[20_000, 1000], [40_000, 2500]]},
    "fifteen": {"steps": [[10_000, 1500]]},
    "eight-percent": {"off_bp": 800, "most_minor": 2000},
    "latte-gift": {
        "sku_code": "latte", "from_minor": 30_000, "list_minor": 1390, "floor_minor": 1000,
    },
}  # fmt: skip


def _rule(name: str, group: Group, kind: str, *names: str, subsidy_minor: int = 0) -> Rule:
    who = Who(first_order=name == "first-six")
    return Rule(
        name, group, read_terms(kind, PARAMS[name]), Scope(frozenset(names)), who,
        subsidy_minor=subsidy_minor,
    )  # fmt: skip


RULES = (
    _rule("first-six", Group.PRICE, "special_price", "sku:gold-month", subsidy_minor=5000),
    _rule("audio-tenth", Group.ITEM, "percent_off", "category:audio"),
    _rule("second-half", Group.ITEM, "nth_unit", "category:reading"),
    _rule("three-for", Group.ITEM, "several_for", "category:video"),
    _rule("video-five", Group.ITEM, "percent_off", "category:video"),
    _rule("sum-steps", Group.ORDER, "amount_off"),
    _rule("fifteen", Group.COUPON, "amount_off"),
    _rule("eight-percent", Group.COUPON, "percent_off"),
    _rule("latte-gift", Group.GIFT, "gift_with", subsidy_minor=100_000),
)


def example() -> Cart:
    """The cart of somebody who buys here for the first time."""
    lines = [
        Line(name, frozenset({f"sku:{name}", f"category:{kind}"}), units, unit, floor)
        for name, kind, units, unit, floor in GOODS
    ]
    return Cart(lines, Facts("main", AT, user="usr_1", first_order=True), RULES)


def told() -> list[str]:
    """The rows of the table in docs/pricing.md, as the engine gives them."""
    priced = price_cart(example())
    rows = []
    for line, (name, _kind, units, _unit, floor) in zip(priced.lines, GOODS, strict=True):
        why = ", ".join(f"{s.rule} {format_minor(s.amount_minor)}" for s in line.savings) or "–"
        rows.append(
            f"| {name} × {units} | {format_minor(line.base_minor)} | {why} |"
            f" {format_minor(line.paid_minor)} | {format_minor(floor * units)} |"
        )
    total = f"| sum | {format_minor(priced.base_minor)} | | {format_minor(priced.total_minor)} | |"
    return [*rows, total]
