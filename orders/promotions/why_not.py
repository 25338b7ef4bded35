"""Why a rule had no part in a price. Pure; for operators."""

from dataclasses import replace
from enum import StrEnum

from orders.promotions.engine import price_cart
from orders.promotions.values import MOST_OF_GROUP, Cart, PricedCart, Rule

AMPLE = 10**12


class Because(StrEnum):
    """What kept a rule out."""

    WHO = "who"
    GOODS = "goods"
    TERMS = "terms"
    BUDGET = "budget"
    FLOOR = "floor"
    ALONE = "alone"
    ONE_OF_GROUP = "one_of_group"
    SAME_LINES = "same_lines"
    DEARER = "dearer"


def why_not(cart: Cart, priced: PricedCart, rule: Rule) -> Because:
    """The first reason that holds for a rule of the cart that `priced` did not use."""
    if not rule.is_for(cart.facts):
        return Because.WHO
    if not any(rule.scope.covers(line) for line in cart.lines):
        return Because.GOODS
    if not _works(cart, rule):
        return _held_back(cart, rule)
    used = {one.rule for one in priced.used}
    others = [one for one in cart.rules if one.id in used]
    if not rule.funded and others and (rule.alone or any(one.alone for one in others)):
        return Because.ALONE
    same = [one for one in others if one.group == rule.group]
    if same and rule.group in MOST_OF_GROUP:
        return Because.ONE_OF_GROUP
    return Because.SAME_LINES if same else Because.DEARER


def _works(cart: Cart, rule: Rule) -> bool:
    return bool(price_cart(replace(cart, rules=[rule])).used)


def _held_back(cart: Cart, rule: Rule) -> Because:
    """It gives nothing even by itself: for want of money, of room above the floor, or by its terms."""
    if _works(cart, replace(rule, left_minor=None)):
        return Because.BUDGET
    if _works(cart, replace(rule, left_minor=None, subsidy_minor=AMPLE)):
        return Because.FLOOR
    return Because.TERMS
