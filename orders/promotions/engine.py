"""The one pricing engine: unit prices and rules in, totals with their reasons out. Pure.

Groups are gone through in their order, and in each every rule is tried with and without it on
every way found so far, so the best combination for the buyer is found; `docs/pricing.md` tells
the whole of it. Above MOST_WAYS ways only the cheapest are followed, the untouched one always.
"""

from collections.abc import Sequence
from typing import NamedTuple

from orders.promotions.rules.base import Gift, View
from orders.promotions.values import (
    MOST_OF_GROUP,
    Cart,
    Group,
    Line,
    PricedCart,
    PricedLine,
    Rule,
    Saving,
    Used,
)

# Up to five rules that touch a cart are tried in every combination.
MOST_WAYS = 32


class _Step(NamedTuple):
    """A rule at work on a way: what it took off each line, and how much of that is subsidised."""

    rule: Rule
    offs: tuple[int, ...]
    subsidies: tuple[int, ...]
    gift: Gift | None


class _Way(NamedTuple):
    """Rules applied so far, and what each line costs by now.

    `taken` marks, bit by bit, the lines that a rule of the present `group` has used up.
    """

    amounts: tuple[int, ...]
    steps: tuple[_Step, ...] = ()
    group: Group = Group.PRICE
    taken: int = 0
    of_group: int = 0
    total: int = 0
    subsidy: int = 0
    given: int = 0

    @property
    def rank(self) -> tuple[object, ...]:
        """The cheapest first; then most given besides, least subsidy, fewest rules, by priority."""
        marks = tuple((step.rule.priority, step.rule.id) for step in self.steps)
        return (self.total, -self.given, self.subsidy, len(self.steps), marks)


def price_cart(cart: Cart) -> PricedCart:
    """Price a cart by the rules that are for it; the same snapshot always gives the same answer.

    Money is minor units of the one currency of all lines. No line ever costs less than nothing,
    nor less than its floor unless a rule with a subsidy pays all that lies under it. Rules that do
    not apply change nothing. Raises nothing. Source: M10, C6.
    """
    lines = sorted(cart.lines, key=lambda line: line.key)
    start = _start(lines)
    ways = [start]
    for rule, mask in _applying(cart, lines):
        found = [way for one in ways if (way := _with(one, rule, mask, lines)) is not None]
        ways = _narrowed([*ways, *found], start)
    return _told(cart, lines, min(ways, key=lambda way: way.rank))


def _start(lines: Sequence[Line]) -> _Way:
    amounts = tuple(line.unit_minor * line.quantity for line in lines)
    return _Way(amounts, total=sum(amounts))


def _applying(cart: Cart, lines: Sequence[Line]) -> list[tuple[Rule, int]]:
    """Rules for this buyer, each with the lines it is about as bits, in the order of the stack."""
    found = []
    for rule in cart.rules:
        if not rule.is_for(cart.facts):
            continue
        if mask := sum(1 << n for n, line in enumerate(lines) if rule.scope.covers(line)):
            found.append((rule, mask))
    return sorted(found, key=lambda pair: (pair[0].group, pair[0].priority, pair[0].id))


def _narrowed(ways: list[_Way], start: _Way) -> list[_Way]:
    if len(ways) <= MOST_WAYS:
        return ways
    best = sorted(ways, key=lambda way: way.rank)[:MOST_WAYS]
    return best if start in best else [*best, start]


def _with(way: _Way, rule: Rule, mask: int, lines: Sequence[Line]) -> _Way | None:
    """The way with one rule more, or None when it may not or does not do anything."""
    fresh = rule.group != way.group
    taken, of_group = (0, 0) if fresh else (way.taken, way.of_group)
    if _may_not_join(way, rule, of_group):
        return None
    places = [n for n in range(len(lines)) if mask >> n & 1 and not taken >> n & 1]
    if not places:
        return None
    step = _step(way, rule, places, lines)
    if step is None:
        return None
    used = places if rule.terms.whole else [n for n in places if step.offs[n]]
    saved, gift = sum(step.offs), step.gift
    return _Way(
        amounts=tuple(amount - off for amount, off in zip(way.amounts, step.offs, strict=True)),
        steps=(*way.steps, step),
        group=rule.group,
        taken=taken | sum(1 << n for n in used),
        of_group=of_group + 1,
        total=way.total - saved,
        subsidy=way.subsidy + sum(step.subsidies) + (gift.cost_minor if gift else 0),
        given=way.given + (gift.worth_minor if gift else 0),
    )


def _may_not_join(way: _Way, rule: Rule, of_group: int) -> bool:
    lonely = way.steps and (rule.alone or way.steps[0].rule.alone)
    if lonely and not rule.funded:
        return True
    most = MOST_OF_GROUP.get(rule.group)
    return most is not None and of_group >= most


def _step(way: _Way, rule: Rule, places: list[int], lines: Sequence[Line]) -> _Step | None:
    # A rule without a subsidy has room down to the floor, any other down to nothing.
    bare = rule.funded or rule.subsidy_minor > 0
    views = [_view(way.amounts[n], lines[n], bare=bare) for n in places]
    offs, subsidies = [0] * len(lines), [0] * len(lines)
    for n, view, off in zip(places, views, rule.terms.offs(views), strict=True):
        offs[n] = max(0, min(off, view.room_minor))
        if bare and not rule.funded:
            subsidies[n] = _under_floor(view.amount_minor, offs[n], lines[n])
    gift = rule.terms.gift(views)
    cost = sum(offs) + (gift.worth_minor if gift else 0)
    subsidy = sum(subsidies) + (gift.cost_minor if gift else 0)
    if not any(offs) and gift is None:
        return None
    if subsidy > rule.subsidy_minor or (rule.left_minor is not None and cost > rule.left_minor):
        return None
    return _Step(rule, tuple(offs), tuple(subsidies), gift)


def _view(amount: int, line: Line, *, bare: bool) -> View:
    room = amount if bare else max(0, amount - line.floor_minor * line.quantity)
    return View(line.quantity, amount, room)


def _under_floor(amount: int, off: int, line: Line) -> int:
    """How much of `off` lies under the floor of the line."""
    floor = line.floor_minor * line.quantity
    return max(0, floor - (amount - off)) - max(0, floor - amount)


def _told(cart: Cart, lines: Sequence[Line], way: _Way) -> PricedCart:
    """The answer, in the order of the cart."""
    place = {line.key: n for n, line in enumerate(lines)}
    told = tuple(_told_line(line, place[line.key], way) for line in cart.lines)
    return PricedCart(told, tuple(_told_rule(step) for step in way.steps))


def _told_line(line: Line, n: int, way: _Way) -> PricedLine:
    savings = tuple(
        Saving(
            step.rule.id, step.rule.terms.key, step.rule.terms.params(), -step.offs[n],
            step.subsidies[n],
        )
        for step in way.steps
        if step.offs[n]
    )  # fmt: skip
    return PricedLine(line.key, line.unit_minor * line.quantity, way.amounts[n], savings)


def _told_rule(step: _Step) -> Used:
    gift = step.gift
    return Used(
        rule=step.rule.id,
        discount_minor=sum(step.offs) + (gift.worth_minor if gift else 0),
        subsidy_minor=sum(step.subsidies) + (gift.cost_minor if gift else 0),
        gift=(gift.sku_code, gift.quantity) if gift else None,
    )
