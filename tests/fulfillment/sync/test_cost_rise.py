"""What follows from a new cost: a table of plain values. Nothing here ever sells at a loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.purchasing.cost_rise import Outcome, Rule, Standing, decide, lowest_price

OFFER = Standing(cost_minor=1650, most_cost_minor=1750, locked=False, price_minor=1990)


@pytest.mark.parametrize(
    ("cost", "rule", "outcome"),
    [
        (1600, Rule(), Outcome(1600, 1750)),
        (1700, Rule(), Outcome(1700, 1750)),
        (1751, Rule(), Outcome(1751, 1750, "cost")),
        (1990, Rule(), Outcome(1990, 1750, "cost")),
        (1700, Rule(margin_bp=2000), Outcome(1700, 1750, "cost")),
        (1700, Rule("ask", 2000), Outcome(1700, 1750, "ask")),
        (1700, Rule("reprice", 2000, 2500), Outcome(1700, 1785, "", 2125)),
        (1700, Rule("reprice", 2000, 2100), Outcome(1700, 1750, "ask")),
        (1700, Rule("reprice", 2000, None), Outcome(1700, 1750, "ask")),
        (1800, Rule("reprice", 500, 2500), Outcome(1800, 1890)),
        (2400, Rule("reprice", 0, 2400), Outcome(2400, 2520, "", 2400)),
    ],
)
def test_the_rule_decides(cost: int, rule: Rule, outcome: Outcome) -> None:
    assert decide(cost, OFFER, rule) == outcome


def test_a_cost_set_by_hand_stands() -> None:
    locked = Standing(1650, 1750, locked=True, price_minor=1990)
    assert decide(1740, locked, Rule("reprice", 2000, 9999)) == Outcome(1650, 1750)
    assert decide(1751, locked, Rule("reprice", 2000, 9999)) == Outcome(1650, 1750, "cost")


def test_what_is_not_for_sale_only_keeps_its_highest_cost() -> None:
    unpriced = Standing(1650, 1750, locked=False, price_minor=None)
    assert decide(1700, unpriced, Rule(margin_bp=5000)) == Outcome(1700, 1750)
    assert decide(1800, unpriced, Rule("reprice", 0, 9999)).paused == "ask"


AMOUNT = st.integers(1, 10**9)


@given(
    AMOUNT, AMOUNT, AMOUNT, AMOUNT, st.booleans(), st.sampled_from(["pause", "reprice", "ask"]),
    st.integers(0, 9000), st.none() | AMOUNT,
)  # fmt: skip
def test_nothing_is_ever_bought_above_its_price_or_priced_above_its_ceiling(
    new: int, cost: int, most: int, price: int, locked: bool, act: str, margin: int,
    ceiling: int | None,
) -> None:  # fmt: skip
    outcome = decide(new, Standing(cost, most, locked, price), Rule(act, margin, ceiling))
    then = price if outcome.price_minor is None else outcome.price_minor
    assert then >= price, "a price is never lowered by a machine"
    if outcome.price_minor is not None:
        assert ceiling is not None
        assert outcome.price_minor <= ceiling
    if not outcome.paused and not locked:
        assert outcome.cost_minor == new
        assert new <= outcome.most_cost_minor
        assert then >= lowest_price(new, margin)
