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



def _rule(
    name: str, group: Group, kind: str, params: dict[str, Any], *names: str, subsidy_minor: int = 0,
    new: bool = False,
) -> Rule:  # fmt: skip
    return Rule(
        name, group, read_terms(kind, params), Scope(frozenset(names)), Who(first_order=new),
        subsidy_minor=subsidy_minor,
    )  # fmt: skip


LATTE = {"sku_code": "latte", "from_minor": 30_000, "list_minor": 1390, "floor_minor": 1000}
RULES = (
    _rule("first-six", Group.PRICE, "special_price", {"unit_minor": 600}, "sku:gold-month",
          subsidy_minor=5000, new=True),
    _rule("audio-tenth", Group.ITEM, "percent_off", {"off_bp": 1000}, "category:audio"),
    _rule("second-half", Group.ITEM, "nth_unit", {"nth": 2, "off_bp": 5000}, "category:reading"),
    _rule("three-for", Group.ITEM, "several_for", {"units": 3, "price_minor": 24_000}, "category:video"),
    _rule("video-five", Group.ITEM, "percent_off", {"off_bp": 500}, "category:video"),
    _rule("sum-steps", Group.ORDER, "amount_off", {"steps": [[20_000, 1000], [40_000, 2500]]}),
    _rule("fifteen", Group.COUPON, "amount_off", {"steps": [[10_000, 1500]]}),
    _rule("eight-percent", Group.COUPON, "percent_off", {"off_bp": 800, "most_minor": 2000}),
    _rule("latte-gift", Group.GIFT, "gift_with", LATTE, subsidy_minor=100_000),
)  # fmt: skip


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
