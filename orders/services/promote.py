"""Part of road step 2: the engine's answer, put into the lines of a quote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.offers import ChannelView
from catalog.queries import offer as find_offer
from orders.promotions.engine import price_cart
from orders.promotions.values import Cart, Facts, Line, Measure, PricedLine, Rule, Saving, Used
from orders.services.quote_values import Adjustment, QuoteLine


@dataclass(frozen=True, slots=True)
class Promoted:
    """Lines at what they cost by the rules, gifts among them; what was used and must be taken.

    `adjustments` say for the whole cart what each rule saved.
    """

    lines: tuple[QuoteLine, ...]
    adjustments: tuple[Adjustment, ...] = ()
    used: tuple[Used, ...] = ()
    takes: tuple[Mapping[str, Any], ...] = ()
    coupons: tuple[str, ...] = ()


def promote(
    lines: Sequence[QuoteLine], *, rules: Sequence[Rule], facts: Facts, channel: ChannelView
) -> Promoted:
    """Price the lines by the rules; minor units. Without rules they stay as they are."""
    if not rules or not lines:
        return Promoted(tuple(lines))
    by_id = {rule.id: rule for rule in rules}
    priced = price_cart(engine_cart(lines, rules=rules, facts=facts))
    told = [_told(line, by, by_id) for line, by in zip(lines, priced.lines, strict=True)]
    gifts = [_gift(used, by_id[used.rule], facts, channel) for used in priced.used if used.gift]
    return Promoted(
        lines=(*told, *(gift for gift in gifts if gift is not None)),
        adjustments=tuple(
            _adjustment(by_id[used.rule], by_id[used.rule].terms.params(), -used.discount_minor)
            for used in priced.used
            if used.discount_minor and not used.gift
        ),
        used=priced.used,
        takes=tuple(take for used in priced.used for take in _takes(used, by_id[used.rule])),
        coupons=tuple(name for used in priced.used if (name := by_id[used.rule].coupon)),
    )


def engine_cart(lines: Sequence[QuoteLine], *, rules: Sequence[Rule], facts: Facts) -> Cart:
    """The lines of a quote as the engine reads them."""
    return Cart([line_of(place, line) for place, line in enumerate(lines)], facts, rules)


def line_of(place: int, line: QuoteLine) -> Line:
    """A line of a quote as the engine knows it; `place` is where it stands in the cart."""
    # By what it is before where it stands: the order of a cart decides no cent.
    return Line(
        key=f"{line.offer.sku_code}:{place:03d}",
        names=line.offer.names,
        quantity=line.quantity,
        unit_minor=line.unit_minor,
        floor_minor=line.offer.floor_minor,
    )


def _told(line: QuoteLine, priced: PricedLine, rules: Mapping[str, Rule]) -> QuoteLine:
    savings = tuple(_saving(saving, rules[saving.rule]) for saving in priced.savings)
    return replace(
        line,
        paid_minor=priced.paid_minor,
        adjustments=(*line.adjustments, *savings),
        subsidy_minor=priced.subsidy_minor,
    )


def _saving(saving: Saving, rule: Rule) -> Adjustment:
    return _adjustment(rule, saving.params, saving.amount_minor)


def _adjustment(rule: Rule, params: Mapping[str, str | int], amount_minor: int) -> Adjustment:
    named = {"rule": rule.id, "title": rule.title, "title_en": rule.title_en}
    return Adjustment(rule.terms.key, {**params, **named}, amount_minor)


def _gift(used: Used, rule: Rule, facts: Facts, channel: ChannelView) -> QuoteLine | None:
    """A line that costs nothing; its worth and what it lies under the floor are the rule's."""
    assert used.gift is not None, "the caller has looked"
    sku_code, quantity = used.gift
    offer = find_offer(sku_code, channel, facts.at)
    if offer is None:
        return None
    return QuoteLine(
        offer=offer,
        quantity=quantity,
        values={},
        masked="",
        list_minor=offer.unit_minor,
        unit_minor=offer.unit_minor,
        paid_minor=0,
        adjustments=(_adjustment(rule, rule.terms.params(), -used.discount_minor),),
        subsidy_minor=used.subsidy_minor,
        is_gift=True,
    )


def _takes(used: Used, rule: Rule) -> list[dict[str, Any]]:
    """What an order takes of the rule's budgets, as `orders.services.limits` keeps it."""
    units = {
        Measure.USES: 1,
        Measure.DISCOUNT: used.discount_minor,
        Measure.SUBSIDY: used.subsidy_minor,
    }
    return [
        {"key": budget.key, "limit": budget.limit, "units": units[budget.of], "rule": rule.id}
        for budget in rule.budgets
        if units[budget.of]
    ]
