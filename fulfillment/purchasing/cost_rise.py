"""What follows from a new cost of an offer: taken, paused, the price raised, or a person asked.

Never sells under cost: whatever the rule, an offer whose cost leaves less than the least margin is
not bought from until the cost falls, the price rises or a person decides.
"""

from dataclasses import dataclass

WHOLE_BP = 10_000
#: How far above a taken cost a single purchase may go, as `offer_goods` does it.
LEEWAY_PERCENT = 5
PAUSE, REPRICE, ASK = "pause", "reprice", "ask"


@dataclass(frozen=True, slots=True)
class Standing:
    """Our offer as it stands. Minor units; ``price_minor`` None: it is not for sale."""

    cost_minor: int
    most_cost_minor: int
    locked: bool
    price_minor: int | None


@dataclass(frozen=True, slots=True)
class Rule:
    """What a person wants of a SKU; ``most_price_minor`` is a ceiling for machines."""

    act: str = PAUSE
    margin_bp: int = 0
    most_price_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Costs to write, why the offer pauses (empty: it does not), and a price to set, if any."""

    cost_minor: int
    most_cost_minor: int
    paused: str = ""
    price_minor: int | None = None


def decide(new_cost_minor: int, offer: Standing, rule: Rule) -> Outcome:
    """Judge a cost that a supplier's list says now. Minor units of one currency, one unit."""
    if offer.locked:
        dear = new_cost_minor > offer.most_cost_minor
        return Outcome(offer.cost_minor, offer.most_cost_minor, "cost" if dear else "")
    borne = new_cost_minor <= offer.most_cost_minor
    if borne and _leaves(offer.price_minor, new_cost_minor, rule.margin_bp):
        return Outcome(new_cost_minor, offer.most_cost_minor)
    if rule.act == REPRICE and offer.price_minor is not None:
        price = max(offer.price_minor, lowest_price(new_cost_minor, rule.margin_bp))
        if rule.most_price_minor is not None and price <= rule.most_price_minor:
            most = max(offer.most_cost_minor, new_cost_minor * (100 + LEEWAY_PERCENT) // 100)
            raised = price if price > offer.price_minor else None
            return Outcome(new_cost_minor, most, "", raised)
    why = "cost" if rule.act == PAUSE else "ask"
    return Outcome(new_cost_minor, offer.most_cost_minor, why)


def lowest_price(cost_minor: int, margin_bp: int) -> int:
    """The least price, in minor units, of which ``margin_bp`` stay after the cost; rounded up."""
    return -(-cost_minor * WHOLE_BP // (WHOLE_BP - margin_bp))


def _leaves(price_minor: int | None, cost_minor: int, margin_bp: int) -> bool:
    return price_minor is None or price_minor >= lowest_price(cost_minor, margin_bp)
