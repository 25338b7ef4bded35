"""A period of a subscription as a cart: its good, its gift, and the rules that make its price.

The price reaches the quote as terms of the one pricing engine, never as a price of its own. What
lies under the floor is paid out of the plan's budget, which two persons agreed to.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from orders.promotions.rules.amount_off import AmountOff
from orders.promotions.rules.special_price import SpecialPrice
from orders.promotions.values import Budget, Group, Measure, Rule, Scope
from orders.queries.promotions import used
from orders.services.quote import Item

GIFT, CREDIT = ":g", ":c"


@dataclass(frozen=True, slots=True)
class PeriodGoods:
    """What one period is: money in minor units; `credit_minor` are unused days of another plan."""

    plan: str
    budget_minor: int
    title: str
    title_en: str
    sku_code: str
    price_minor: int
    gift: tuple[str, int] | None = None
    credit_minor: int = 0

    @property
    def most_minor(self) -> int:
        """What the period may cost at most."""
        return max(0, self.price_minor - self.credit_minor)


@dataclass(frozen=True, slots=True)
class PeriodCart:
    items: tuple[Item, ...]
    rules: tuple[Rule, ...]


def period_cart(goods: PeriodGoods, inputs: Mapping[str, str]) -> PeriodCart:
    """Items and rules of a period; nothing of the plan's budget is taken by this."""
    items = [Item(goods.sku_code, 1, dict(inputs))]
    left = _left(goods)
    rules = [_price(goods, goods.plan, goods.sku_code, goods.price_minor, left)]
    if goods.gift is not None:
        code, units = goods.gift
        items.append(Item(code, units))
        rules.append(_price(goods, goods.plan + GIFT, code, 0, left))
    if goods.credit_minor:
        rules.append(_credit(goods))
    return PeriodCart(tuple(items), tuple(rules))


def subsidy_key(plan: str) -> str:
    """Under which a plan's budget is counted."""
    return f"promo:{plan}:subsidy"


def _left(goods: PeriodGoods) -> int:
    if not goods.budget_minor:
        return 0
    key = subsidy_key(goods.plan)
    return max(0, goods.budget_minor - used([key]).get(key, 0))


def _price(goods: PeriodGoods, rule: str, sku_code: str, unit_minor: int, left: int) -> Rule:
    budget = Budget(subsidy_key(goods.plan), goods.budget_minor, Measure.SUBSIDY)
    return Rule(
        id=rule, group=Group.PRICE, terms=SpecialPrice(unit_minor),
        scope=Scope(frozenset({f"sku:{sku_code}"})), priority=0, subsidy_minor=left,
        title=goods.title, title_en=goods.title_en,
        budgets=(budget,) if goods.budget_minor else (),
    )  # fmt: skip


def _credit(goods: PeriodGoods) -> Rule:
    """Days that were paid for and not used are the buyer's own money: no discount, no subsidy."""
    return Rule(
        id=goods.plan + CREDIT, group=Group.TENDER,
        terms=AmountOff(((0, min(goods.credit_minor, goods.price_minor)),)),
        scope=Scope(frozenset({f"sku:{goods.sku_code}"})), funded=True,
        title="剩余天数抵扣", title_en="Unused days",
    )  # fmt: skip
