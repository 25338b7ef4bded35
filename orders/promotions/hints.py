"""What is missing until a rule gives something, or more. Pure; asked of the engine itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from orders.promotions.engine import price_cart
from orders.promotions.rules.amount_off import AmountOff
from orders.promotions.rules.gift_with import GiftWith
from orders.promotions.rules.nth_unit import NthUnit
from orders.promotions.rules.percent_off import PercentOff
from orders.promotions.rules.several_for import SeveralFor
from orders.promotions.values import Cart, Line, PricedCart, Rule

# How often a sum is raised for what other rules take off it, before the hint is given up.
MOST_TRIES = 4
# Rules looked at; the first in the order of the stack.
MOST_RULES = 8
# Key of the goods that are not in the cart yet; sorts behind all others.
MORE = "~more"


@dataclass(frozen=True, slots=True)
class Hint:
    """With `missing_minor` more of these goods, or `missing_units`, `rule` saves `gain_minor` more.

    A gift has no gain: it is `gift` then. Money in minor units.
    """

    rule: str
    missing_minor: int
    missing_units: int
    gain_minor: int
    gift: bool = False


def hints(cart: Cart, priced: PricedCart) -> list[Hint]:
    """For each rule that would give something with a little more in the cart, the nearest first.

    `priced` is the engine's answer for `cart`. What is promised has been tried: the cart with just
    so much more of the rule's goods costs less than its sum by `gain_minor`. Raises nothing.
    """
    found = []
    rules = sorted(cart.rules, key=lambda rule: (rule.group, rule.priority, rule.id))
    for rule in [one for one in rules if _is_about(one, cart)][:MOST_RULES]:
        hint = _by_units(cart, priced, rule) or _by_sum(cart, priced, rule)
        if hint is not None:
            found.append(hint)
    return sorted(found, key=lambda hint: (hint.missing_units, hint.missing_minor, hint.rule))


def _is_about(rule: Rule, cart: Cart) -> bool:
    return rule.is_for(cart.facts) and any(rule.scope.covers(line) for line in cart.lines)


def _by_units(cart: Cart, priced: PricedCart, rule: Rule) -> Hint | None:
    """So many units more of the cheapest good there is."""
    group = _group_of(rule)
    covered = [line for line in cart.lines if rule.scope.covers(line)]
    have = sum(line.quantity for line in covered)
    missing = (group - have if have < group else -have % group) if group else 0
    if missing < 1:
        return None
    cheapest = min(covered, key=lambda line: (line.unit_minor, line.key))
    more = replace(cheapest, key=MORE, quantity=missing)
    return _tried(cart, priced, rule, more, units=missing)


def _group_of(rule: Rule) -> int:
    terms = rule.terms
    if isinstance(terms, NthUnit):
        return terms.nth
    if isinstance(terms, SeveralFor):
        return terms.units
    return terms.from_units if isinstance(terms, GiftWith) else 0


def _by_sum(cart: Cart, priced: PricedCart, rule: Rule) -> Hint | None:
    """So much more of a good that this rule is about, at the least."""
    have = sum_for(cart, priced, rule)
    start = next((one for one in _starts(rule, have) if one > have), 0)
    if not start:
        return None
    covered = min((one for one in cart.lines if rule.scope.covers(one)), key=lambda one: one.key)
    names = covered.names & rule.scope.listed if rule.scope.listed else frozenset({MORE})
    missing = start - have
    for _try in range(MOST_TRIES):
        more = Line(MORE, names, 1, missing, 0)
        grown = _grown(cart, more)
        reached = sum_for(grown, price_cart(grown), rule)
        if reached >= start:
            return _tried(cart, priced, rule, more, minor=missing)
        missing += start - reached
    return None


def _starts(rule: Rule, have: int) -> Sequence[int]:
    terms = rule.terms
    if isinstance(terms, AmountOff):
        if terms.again:
            start = terms.steps[0][0]
            return [(have // start + 1) * start]
        return [start for start, _off in terms.steps]
    return [terms.from_minor] if isinstance(terms, PercentOff | GiftWith) else []


def sum_for(cart: Cart, priced: PricedCart, rule: Rule) -> int:
    """What the rule's goods cost by the time it is its turn."""
    earlier = {one.id for one in cart.rules if one.group < rule.group}
    return sum(
        told.base_minor + sum(s.amount_minor for s in told.savings if s.rule in earlier)
        for line, told in zip(cart.lines, priced.lines, strict=True)
        if rule.scope.covers(line)
    )


def _grown(cart: Cart, more: Line) -> Cart:
    return replace(cart, lines=[*cart.lines, more])


def _tried(
    cart: Cart, priced: PricedCart, rule: Rule, more: Line, *, minor: int = 0, units: int = 0
) -> Hint | None:
    after = price_cart(_grown(cart, more))
    used = next((one for one in after.used if one.rule == rule.id), None)
    if used is None:
        return None
    before = next((one.discount_minor for one in priced.used if one.rule == rule.id), 0)
    if used.gift:
        return None if before else Hint(rule.id, minor, units, 0, gift=True)
    worth = more.unit_minor * more.quantity
    gain = priced.total_minor + worth - after.total_minor
    return Hint(rule.id, minor, units, gain) if gain > 0 else None
