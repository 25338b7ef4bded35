"""A price that follows its cost between guard rails. Pure."""

from dataclasses import dataclass
from typing import Literal

from catalog.pricing.levels import WHOLE_BP
from catalog.pricing.rounding import EXACT, Rounding, round_ratio

Outcome = Literal["same", "set", "stepped", "cost_jump", "out_of_rails"]
#: Outcomes after which a person has to look: the price stays as it was.
BREACHES = frozenset({"cost_jump", "out_of_rails"})


@dataclass(frozen=True, slots=True)
class CostRule:
    """What is put on top of the cost, on which grid it lands, and what it may not do.

    `markup_bp` is a share of the cost (500 is 5 % on top), `markup_minor` an amount; both may be
    given. `least_minor` and `most_minor` bound the price, `step_bp` bounds how far it goes within a
    day, `cost_jump_bp` is a rise of the cost at once from which it is not believed without a person.
    """

    markup_bp: int = 0
    markup_minor: int = 0
    rounding: Rounding = EXACT
    least_minor: int | None = None
    most_minor: int | None = None
    step_bp: int | None = None
    cost_jump_bp: int | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """The price to set now, the price it is on its way to (minor units), and what happened."""

    amount_minor: int
    target_minor: int
    outcome: Outcome

    @property
    def is_breach(self) -> bool:
        return self.outcome in BREACHES


def follow_cost(
    cost_minor: int,
    rule: CostRule,
    *,
    floor_minor: int,
    current_minor: int | None,
    day_start_minor: int | None = None,
    cost_before_minor: int | None = None,
) -> Followed:
    """Where the price goes now that the cost is `cost_minor`; minor units of one currency.

    Never under the floor, which is stronger than every rail: a rail that forbids the floor is a
    breach, and the price stays. `day_start_minor` is what the price was a day ago, `current_minor`
    None when there is none yet (then no step binds it), `cost_before_minor` the cost that was
    followed last. Raises ValueError for a negative cost. Source: C6 and its guard rails.
    """
    target = _target(cost_minor, rule, floor_minor)
    if _jumped(cost_minor, cost_before_minor, rule):
        return Followed(current_minor or 0, target, "cost_jump")
    start = current_minor if day_start_minor is None else day_start_minor
    low, high = _reach(start, rule)
    if high is not None and high < floor_minor:
        return Followed(current_minor or 0, target, "out_of_rails")
    if rule.most_minor is not None and rule.most_minor < floor_minor:
        return Followed(current_minor or 0, target, "out_of_rails")
    amount = target
    if high is not None and amount > high:
        amount = _inside(high, rule, "down", low=max(low, floor_minor), high=high)
    elif amount < low:
        amount = _inside(low, rule, "up", low=low, high=high)
    if amount == current_minor:
        return Followed(amount, target, "same" if amount == target else "stepped")
    return Followed(amount, target, "set" if amount == target else "stepped")


def _target(cost_minor: int, rule: CostRule, floor_minor: int) -> int:
    top = cost_minor * (WHOLE_BP + rule.markup_bp) + rule.markup_minor * WHOLE_BP
    amount = round_ratio(top, WHOLE_BP, rule.rounding)
    low = max(floor_minor, rule.least_minor or 0)
    if amount < low:
        amount = round_ratio(low, 1, rule.rounding, mode="up")
    if rule.most_minor is not None and amount > rule.most_minor:
        # The grid gives way to a bound when no price of it lies between.
        amount = _inside(rule.most_minor, rule, "down", low=low, high=rule.most_minor)
    return amount


def _inside(
    amount: int, rule: CostRule, way: Literal["up", "down"], *, low: int, high: int | None
) -> int:
    """The nearest price of the grid that way, unless that leaves the bounds; then the bound itself."""
    found = round_ratio(amount, 1, rule.rounding, mode=way)
    return found if low <= found and (high is None or found <= high) else amount


def _jumped(cost_minor: int, before: int | None, rule: CostRule) -> bool:
    if rule.cost_jump_bp is None or not before:
        return False
    return (cost_minor - before) * WHOLE_BP > before * rule.cost_jump_bp


def _reach(start: int | None, rule: CostRule) -> tuple[int, int | None]:
    if start is None or rule.step_bp is None:
        return (0, None)
    far = start * rule.step_bp // WHOLE_BP
    return (max(start - far, 0), start + far)
