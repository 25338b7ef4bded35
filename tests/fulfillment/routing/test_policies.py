"""Who is asked, in which order, and why not the others: the pure room, case by case."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.routing.policies import POLICIES, ordered
from fulfillment.routing.route import PASSING, TOO_DEAR, decide, spending_limit
from fulfillment.routing.values import Health, OfferFacts, Route, Rules, Unit

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
RICH = 10**9
UNIT = Unit("dlv_1", paid_minor=2000)


def offer(number: int, cost: int = 1650, **fields: Any) -> OfferFacts:
    health = {
        name: fields.pop(name) for name in list(fields) if name in Health.__dataclass_fields__
    }
    return OfferFacts(
        offer=number, supplier=number, code=f"s{number}", name=f"S{number}", supplier_sku="X",
        **{"cost_minor": cost, "max_cost_minor": cost, "position": number, **fields},
        health=Health(**{"prepaid_minor": RICH, **health}),
    )  # fmt: skip


def route(*offers: OfferFacts, unit: Unit = UNIT, **rules: Any) -> Route:
    return decide(rules=Rules(**rules), unit=unit, offers=offers, now=NOW)


def order_of(found: Route) -> list[int]:
    return [one.facts.offer for one in found.considered]


def reasons(found: Route) -> list[str]:
    return [one.why for one in found.considered]


def test_fixed_order_is_by_position() -> None:
    found = route(offer(1, position=2), offer(2, position=1), policy="fixed")
    assert order_of(found) == [2, 1]
    assert [one.facts.offer for one in found.ready] == [2, 1]


def test_cheapest_first_and_foreign_money_last() -> None:
    offers = [offer(1, 1700), offer(2, 1600), offer(3, 10, currency="USD")]
    found = route(*offers, policy="cheapest")
    assert order_of(found) == [2, 1, 3]
    assert reasons(found) == ["", "", "currency"]


def test_fastest_first_and_unmeasured_to_learn() -> None:
    offers = [offer(1, speed_ms=900), offer(2, speed_ms=200), offer(3)]
    assert order_of(route(*offers, policy="fastest")) == [3, 2, 1]


def test_weights_are_shares_over_many_units() -> None:
    offers = [offer(1, weight=7), offer(2, weight=3), offer(3, weight=0)]
    firsts = Counter(
        ordered("weighted", offers, Unit(f"dlv_{number}"))[0].offer for number in range(4000)
    )
    assert firsts[3] == 0
    assert abs(firsts[1] / 4000 - 0.7) < 0.03


def test_a_draw_is_the_same_for_the_same_unit() -> None:
    offers = [offer(number, weight=5) for number in range(1, 6)]
    again = {tuple(order_of(route(*offers, policy="weighted"))) for _turn in range(20)}
    assert len(again) == 1
    # Who is there beside it does not change how two stand to each other.
    fewer = [one for one in order_of(route(*offers, policy="weighted")) if one != 3]
    assert order_of(route(*(one for one in offers if one.offer != 3), policy="weighted")) == fewer


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"on": False}, "supplier_off"),
        ({"paused_until": NOW + timedelta(seconds=9)}, "breaker"),
        ({"paused_until": NOW - timedelta(seconds=1)}, ""),
        ({"probes_left": 0}, "breaker"),
        ({"probes_left": 1}, ""),
        ({"unreached_until": NOW + timedelta(seconds=1)}, "out_of_reach"),
        ({"calls_free": 0}, "busy"),
        ({"paced_until": NOW + timedelta(seconds=1)}, "paced"),
        ({"prepaid_minor": 1649}, "no_funds"),
        ({"prepaid_minor": 1650}, ""),
        ({"refused": True}, "refused"),
        ({"max_cost_minor": 1649}, "price_guard"),
    ],
)  # fmt: skip
def test_each_obstacle_passes_the_offer_over(fields: dict[str, Any], why: str) -> None:
    found = route(offer(1, **fields), offer(2))
    assert reasons(found) == [why, ""]
    assert [one.facts.offer for one in found.ready] == ([1, 2] if not why else [2])
    alone = route(offer(1, **fields))
    assert alone.why == why
    assert not alone.ready or not why


def test_until_is_told_where_it_is_known() -> None:
    until = NOW + timedelta(seconds=30)
    (one,) = route(offer(1, paused_until=until)).considered
    assert one.until == until


@pytest.mark.parametrize(
    ("paid", "rules", "limit", "which"),
    [
        (2000, {}, 1650, "price_guard"), (1600, {}, 1600, "margin"),
        (2000, {"margin_floor_minor": 400}, 1600, "margin"),
        (2000, {"margin_floor_bp": 2000}, 1600, "margin"),
        (2000, {"margin_floor_bp": 2000, "margin_floor_minor": 500}, 1500, "margin"),
        (2001, {"margin_floor_bp": 1}, 1650, "price_guard"),
        (None, {"margin_floor_minor": 400}, 1650, "price_guard"), (0, {}, 0, "margin"),
    ],
)  # fmt: skip
def test_the_floor_limits_what_a_purchase_may_cost(
    paid: int | None, rules: dict[str, Any], limit: int, which: str
) -> None:
    assert spending_limit(Rules(**rules), Unit("x", paid), offer(1)) == (limit, which)


def test_the_guard_narrows_the_offers_own_limit() -> None:
    wide = offer(1, 1000, max_cost_minor=1900)
    assert spending_limit(Rules(), UNIT, wide)[0] == 1900
    assert spending_limit(Rules(price_guard_bp=500), UNIT, wide)[0] == 1050
    assert spending_limit(Rules(price_guard_bp=0), UNIT, wide)[0] == 1000


def test_a_limit_under_the_offers_own_does_not_rule_it_out() -> None:
    """Bought for 1,650 it leaves a margin; it may only not become dearer than what was paid."""
    (one,) = route(offer(1, max_cost_minor=3000), unit=Unit("x", 1700)).considered
    assert (one.why, one.limit_minor) == ("", 1700)


def test_a_loss_waits_for_a_person_even_after_refusals() -> None:
    found = route(offer(1, refused=True), offer(2, 2100), unit=Unit("x", 2000, asked=1))
    assert (found.why, reasons(found)) == ("margin", ["refused", "margin"])


def test_a_dear_offer_does_not_hide_one_that_will_come_back() -> None:
    assert route(offer(1, 2100), offer(2, on=False)).why == "supplier_off"


def test_nobody_sells_it() -> None:
    assert route().why == "no_offer"


def test_enough_refusals_are_enough() -> None:
    offers = [offer(n, refused=n < 4) for n in range(1, 6)]
    assert route(*offers, unit=replace(UNIT, asked=3)).why == "refused"
    assert route(*offers, unit=replace(UNIT, asked=3), max_attempts=4).why == ""
    assert route(offer(1, refused=True), unit=replace(UNIT, asked=1)).why == "refused"


def test_waiting_for_the_first_when_it_is_full() -> None:
    full, free = offer(1, calls_free=0), offer(2)
    assert route(full, free).ready[0].facts.offer == 2
    assert route(full, free, overflow=False).why == "busy"
    # Broken is not busy: nobody waits for it.
    assert route(offer(1, on=False), free, overflow=False).ready[0].facts.offer == 2


offers_ = st.lists(
    st.builds(
        offer, st.integers(1, 50), st.integers(0, 3000), on=st.booleans(), refused=st.booleans(),
        calls_free=st.integers(0, 2), prepaid_minor=st.integers(0, 3000), weight=st.integers(0, 9),
        max_cost_minor=st.integers(0, 4000),
    ),
    max_size=6, unique_by=lambda one: one.offer,
)  # fmt: skip


@given(
    offers_, st.sampled_from(sorted(POLICIES)), st.integers(0, 3000), st.integers(0, 500),
    st.booleans(),
)  # fmt: skip
def test_whatever_comes_nothing_is_bought_at_a_loss(
    offers: list[OfferFacts], policy: str, paid: int, floor: int, overflow: bool
) -> None:
    unit = Unit("dlv", paid, asked=sum(one.refused for one in offers))
    found = route(*offers, unit=unit, policy=policy, margin_floor_minor=floor, overflow=overflow)
    assert sorted(order_of(found)) == sorted(one.offer for one in offers)
    assert bool(found.why) != bool(found.ready)
    for one in found.ready:
        assert one.limit_minor <= paid - floor
        assert one.facts.cost_minor <= one.limit_minor <= one.facts.max_cost_minor
        assert one.facts.health.on
        assert not one.facts.refused
        assert one.facts.health.prepaid_minor >= one.limit_minor
    assert found.why in {"", "no_offer", "refused"} | PASSING | TOO_DEAR
