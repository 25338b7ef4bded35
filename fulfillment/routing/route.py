"""The decision: every offer at its place with its reason, and whether anybody is asked now."""

from collections.abc import Sequence
from datetime import datetime

from fulfillment.routing.policies import ordered
from fulfillment.routing.values import (
    WHOLE_BP,
    Considered,
    OfferFacts,
    Route,
    Rules,
    Unit,
)

#: The supplier has no call free at the moment; nothing is wrong with it.
FULL = frozenset({"busy", "paced"})
#: May be over by itself; the unit waits.
PASSING = frozenset({"supplier_off", "breaker", "out_of_reach", "no_funds", *FULL})
#: Would lose money, or more than the policy allows; only a person helps.
TOO_DEAR = frozenset({"margin", "price_guard", "currency"})


def decide(*, rules: Rules, unit: Unit, offers: Sequence[OfferFacts], now: datetime) -> Route:
    """Order the offers and say of each why it is passed over, if it is (reliability.md R-SUP).

    Only a listed refusal (or a request that provably never left) brings the next one into play;
    whoever has an open purchase for the unit does not come here at all.
    """
    considered = tuple(
        _judge(offer, rules, unit, now) for offer in ordered(rules.policy, offers, unit)
    )
    return Route(rules.policy, considered, _why_nobody(considered, rules, unit))


def spending_limit(rules: Rules, unit: Unit, offer: OfferFacts) -> tuple[int, str]:
    """The most a purchase at this offer may cost, and what sets that limit when it is too little.

    The least of the offer's highest cost, its known cost with the policy's guard, and what the buyer
    paid less the margin floor; minor units of the offer's currency.
    """
    limits = [(offer.max_cost_minor, "price_guard")]
    if rules.price_guard_bp is not None:
        limits.append(
            (offer.cost_minor * (WHOLE_BP + rules.price_guard_bp) // WHOLE_BP, "price_guard")
        )
    if unit.paid_minor is not None:
        share = -(-unit.paid_minor * rules.margin_floor_bp // WHOLE_BP)
        limits.append((unit.paid_minor - max(rules.margin_floor_minor, share), "margin"))
    return min(limits)


def _judge(offer: OfferFacts, rules: Rules, unit: Unit, now: datetime) -> Considered:
    limit, which = spending_limit(rules, unit, offer)
    why, until = _obstacle(offer, now)
    if offer.refused:
        why, until = "refused", None
    elif unit.paid_minor is not None and offer.currency != unit.paid_currency:
        why, until = "currency", None
    elif offer.cost_minor > limit:
        why, until = which, None
    elif not why and offer.health.prepaid_minor < limit:
        why = "no_funds"
    return Considered(offer, max(limit, 0), why, until)


def _obstacle(offer: OfferFacts, now: datetime) -> tuple[str, datetime | None]:
    """What stands in the way for now, the gravest first, and until when."""
    health = offer.health
    obstacles = (
        ("supplier_off", not health.on, None),
        ("breaker", _later(health.paused_until, now), health.paused_until),
        ("breaker", health.probes_left == 0, None),
        ("out_of_reach", _later(offer.unreached_until, now), offer.unreached_until),
        ("busy", health.calls_free <= 0, None),
        ("paced", _later(health.paced_until, now), health.paced_until),
    )
    return next(((why, until) for why, there, until in obstacles if there), ("", None))


def _later(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now


def _why_nobody(considered: Sequence[Considered], rules: Rules, unit: Unit) -> str:
    if not considered:
        return "no_offer"
    left = [one for one in considered if one.why != "refused"]
    if not left or unit.asked >= rules.max_attempts:
        return "refused"
    possible = [one for one in left if one.why not in TOO_DEAR]
    if not possible:
        return left[0].why
    first = possible[0]
    if not rules.overflow and first.why in FULL:
        return first.why
    return "" if any(not one.why for one in possible) else first.why
