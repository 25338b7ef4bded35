"""What is missing to the next step: whatever is promised, the engine keeps."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from orders.promotions.engine import price_cart
from orders.promotions.hints import Hint, hints
from orders.promotions.rules.registry import read_terms
from orders.promotions.values import Cart, Facts, Group, Line, Rule, Scope, Who

AT = datetime(2026, 11, 1, tzinfo=UTC)
VIDEO = frozenset({"sku:A", "category:video"})


def rule(kind: str, params: dict[str, Any], name: str = "r", group: Group = Group.ORDER) -> Rule:
    return Rule(name, group, read_terms(kind, params), Scope(frozenset({"category:video"})))


def cart(*rules: Rule, unit: int = 3000, quantity: int = 2) -> Cart:
    return Cart([Line("a", VIDEO, quantity, unit, 0)], Facts("main", AT), rules)


def told(given: Cart) -> list[Hint]:
    return hints(given, price_cart(given))


@pytest.mark.parametrize(
    ("one", "hint"),
    [
        (rule("amount_off", {"steps": [[10_000, 1000]]}), Hint("r", 4000, 0, 1000)),
        (rule("amount_off", {"steps": [[5000, 500], [8000, 900]]}), Hint("r", 2000, 0, 400)),
        (rule("amount_off", {"steps": [[5000, 500]], "again": True}), Hint("r", 4000, 0, 500)),
        (rule("percent_off", {"off_bp": 1000, "from_minor": 8000}), Hint("r", 2000, 0, 800)),
        (rule("nth_unit", {"nth": 3, "off_bp": 5000}), Hint("r", 0, 1, 1500)),
        (rule("several_for", {"units": 4, "price_minor": 9900}), Hint("r", 0, 2, 2100)),
    ],
)
def test_what_is_missing_and_what_it_brings(one: Rule, hint: Hint) -> None:
    assert told(cart(one)) == [hint]


def test_a_gift_is_near() -> None:
    worth = {"list_minor": 500, "floor_minor": 300}
    gift = rule("gift_with", {"sku_code": "G", "from_minor": 9000, **worth}, group=Group.GIFT)
    gift = replace(gift, subsidy_minor=1000)
    assert told(cart(gift)) == [Hint("r", 3000, 0, 0, gift=True)]


def test_what_earlier_rules_take_off_is_counted_in() -> None:
    """Ten percent off everything: the engine may give that up to reach the sum."""
    first = Rule("first", Group.ITEM, read_terms("percent_off", {"off_bp": 1000}))
    later = rule("amount_off", {"steps": [[9000, 1000]]})
    (hint,) = told(cart(first, later))
    grown = cart(first, later, unit=1)
    grown = replace(
        grown,
        lines=[Line("a", VIDEO, 2, 3000, 0), Line("b", VIDEO, 1, hint.missing_minor, 0)],
    )
    after = price_cart(grown)
    assert "r" in {used.rule for used in after.used}
    assert 6000 - 600 + hint.missing_minor - after.total_minor == hint.gain_minor


@pytest.mark.parametrize(
    "one",
    [
        rule("amount_off", {"steps": [[5000, 500]]}),
        rule("percent_off", {"off_bp": 1000}),
        rule("nth_unit", {"nth": 2, "off_bp": 5000}),
        replace(rule("amount_off", {"steps": [[10_000, 10]]}), who=Who(minimum_level=1)),
        replace(rule("amount_off", {"steps": [[10_000, 10]]}), scope=Scope(frozenset({"sku:B"}))),
        replace(rule("amount_off", {"steps": [[10_000, 10]]}), left_minor=5),
    ],
)
def test_nothing_is_promised_that_would_not_come(one: Rule) -> None:
    assert told(cart(one)) == []
