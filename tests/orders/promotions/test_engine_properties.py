"""Whatever is in a cart and whatever rules there are: what must hold of the price.

2,000 cases in the suite; `PROMOTION_CASES=100000` for as many as that.
"""

import os
import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.promotions.engine import price_cart
from orders.promotions.rules.base import View
from orders.promotions.rules.registry import read_terms
from orders.promotions.values import Cart, Group, PricedCart, Rule, Scope, Who
from tests.orders.promotions.carts import NOON, carts

CASES = int(os.environ.get("PROMOTION_CASES", "2000"))
many = settings(
    max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
few = settings(many, max_examples=CASES // 10)
#: A cart that reaches every threshold.
PLENTY = View(10_000, 10**9, 0)


@many
@given(carts, st.randoms(use_true_random=False))
def test_what_holds_of_every_price(cart: Cart, rng: random.Random) -> None:
    """One cart is drawn and everything is asked of it: drawing costs more than pricing."""
    priced = price_cart(cart)
    nothing_costs_less_than_its_floor(cart, priced)
    the_explanation_sums_to_the_price(cart, priced)
    rules_keep_to_their_budgets(cart, priced)
    groups_keep_to_their_limits(cart, priced)
    no_single_rule_is_better(cart, priced)
    what_does_not_apply_changes_nothing(cart, priced, rng)
    order_does_not_matter(cart, priced, rng)


def nothing_costs_less_than_its_floor(cart: Cart, priced: PricedCart) -> None:
    points = {rule.id for rule in cart.rules if rule.funded}
    for line, told in zip(cart.lines, priced.lines, strict=True):
        tendered = -sum(s.amount_minor for s in told.savings if s.rule in points)
        assert told.paid_minor >= 0
        assert told.paid_minor + tendered + told.subsidy_minor >= line.floor_minor * line.quantity


def the_explanation_sums_to_the_price(cart: Cart, priced: PricedCart) -> None:
    for line, told in zip(cart.lines, priced.lines, strict=True):
        assert told.key == line.key
        assert told.base_minor == line.unit_minor * line.quantity
        assert told.paid_minor == told.base_minor + sum(s.amount_minor for s in told.savings)
        assert all(saving.amount_minor < 0 for saving in told.savings)
    assert priced.total_minor == sum(line.paid_minor for line in priced.lines)


def rules_keep_to_their_budgets(cart: Cart, priced: PricedCart) -> None:
    by_id = {rule.id: rule for rule in cart.rules}
    for used in priced.used:
        rule = by_id[used.rule]
        savings = [s for line in priced.lines for s in line.savings if s.rule == used.rule]
        gift = rule.terms.gift([PLENTY]) if used.gift else None
        worth, cost = (gift.worth_minor, gift.cost_minor) if gift else (0, 0)
        assert used.discount_minor == -sum(s.amount_minor for s in savings) + worth
        assert used.subsidy_minor == sum(s.subsidy_minor for s in savings) + cost
        assert used.subsidy_minor <= rule.subsidy_minor
        assert rule.left_minor is None or used.discount_minor <= rule.left_minor
        assert rule.is_for(cart.facts)


def groups_keep_to_their_limits(cart: Cart, priced: PricedCart) -> None:
    by_id = {rule.id: rule for rule in cart.rules}
    used = [by_id[one.rule] for one in priced.used]
    assert sum(rule.group == Group.COUPON for rule in used) <= 1
    assert sum(rule.group == Group.TENDER for rule in used) <= 1
    discounts = [rule for rule in used if not rule.funded]
    assert len(discounts) <= 1 or not any(rule.alone for rule in discounts)
    for line in priced.lines:
        groups = [by_id[saving.rule].group for saving in line.savings]
        assert len(groups) == len(set(groups))


def no_single_rule_is_better(cart: Cart, priced: PricedCart) -> None:
    for rule in cart.rules:
        assert priced.total_minor <= price_cart(replace(cart, rules=[rule])).total_minor


def what_does_not_apply_changes_nothing(cart: Cart, priced: PricedCart, rng: random.Random) -> None:
    rule = Rule("pro_x", Group.ITEM, read_terms("percent_off", {"off_bp": 9000}), priority=0)
    other = rng.choice(
        [
            replace(rule, ends_at=NOON),
            replace(rule, starts_at=NOON.replace(year=2027)),
            replace(rule, who=Who(channels=frozenset({"nowhere"}))),
            replace(rule, who=Who(minimum_level=9)),
            replace(rule, scope=Scope(frozenset({"sku:NONE"}))),
            replace(rule, left_minor=0),
        ]
    )
    assert price_cart(replace(cart, rules=[*cart.rules, other])) == priced


def order_does_not_matter(cart: Cart, priced: PricedCart, rng: random.Random) -> None:
    lines, rules = list(cart.lines), list(cart.rules)
    rng.shuffle(lines)
    rng.shuffle(rules)
    mixed = price_cart(replace(cart, lines=lines, rules=rules))
    assert {line.key: line for line in mixed.lines} == {line.key: line for line in priced.lines}
    assert mixed.used == priced.used


@few
@given(carts)
def test_few_rules_are_tried_in_every_combination(cart: Cart) -> None:
    """With at most five, no choice of them is cheaper than the one that was found."""
    rules = list(cart.rules)[:5]
    best = price_cart(replace(cart, rules=rules)).total_minor
    for bits in range(1 << len(rules)):
        chosen = [rule for n, rule in enumerate(rules) if bits >> n & 1]
        assert best <= price_cart(replace(cart, rules=chosen)).total_minor
