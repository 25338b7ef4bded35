"""Rounding is data: a grid and a way to go to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import Rounding, round_ratio

GRIDS = st.builds(
    lambda step, ending, mode: Rounding(step, ending % step, mode),
    st.sampled_from([1, 5, 10, 50, 100, 1000]),
    st.integers(0, 999),
    st.sampled_from(["up", "down", "half"]),
)


@pytest.mark.parametrize(
    ("amount", "rule", "expected"),
    [
        (9851, Rounding(10, 0, "half"), 9850),
        (9855, Rounding(10, 0, "half"), 9860),
        (9851, Rounding(10, 0, "up"), 9860),
        (9859, Rounding(10, 0, "down"), 9850),
        (9891, Rounding(100, 90, "up"), 9990),
        (9889, Rounding(100, 90, "up"), 9890),
        (9889, Rounding(100, 90, "down"), 9790),
        (9840, Rounding(100, 90, "half"), 9890),
        (9839, Rounding(100, 90, "half"), 9790),
        (30, Rounding(100, 90, "down"), 90),
    ],
)
def test_examples(amount: int, rule: Rounding, expected: int) -> None:
    assert round_ratio(amount, 1, rule) == expected


@given(st.integers(0, 10**9), st.integers(1, 10_000), GRIDS)
def test_it_lands_on_the_grid_and_less_than_a_step_away(
    top: int, bottom: int, rule: Rounding
) -> None:
    found = round_ratio(top, bottom, rule)
    assert found % rule.step_minor == rule.ending_minor
    if found == rule.ending_minor:
        return  # the first price of the grid: there is none below it
    assert abs(found * bottom - top) <= rule.step_minor * bottom
    if rule.mode == "up":
        assert found * bottom >= top
    if rule.mode == "down":
        assert found * bottom <= top
    if rule.mode == "half":
        assert 2 * abs(found * bottom - top) <= rule.step_minor * bottom


@given(st.integers(0, 10**7), st.integers(0, 10**7), GRIDS)
def test_a_higher_amount_is_never_a_lower_price(one: int, other: int, rule: Rounding) -> None:
    low, high = sorted([one, other])
    assert round_ratio(low, 7, rule) <= round_ratio(high, 7, rule)


@pytest.mark.parametrize(("step", "ending"), [(0, 0), (10, 10), (10, -1)])
def test_a_grid_that_is_none_is_refused(step: int, ending: int) -> None:
    with pytest.raises(ValueError, match="grid"):
        Rounding(step, ending)


def test_negative_amounts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        round_ratio(-1, 1, Rounding())
