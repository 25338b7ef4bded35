import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import BadMoney, Money, decimal_text, format_minor, parse_minor, split_minor


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_split_loses_nothing_and_stays_within_one_unit_of_fair(
    total: int, weights: list[int]
) -> None:
    parts = split_minor(total, weights)
    shares = weights if sum(weights) else [1] * len(weights)
    assert sum(parts) == total
    for part, share in zip(parts, shares, strict=True):
        assert abs(part * sum(shares) - total * share) < sum(shares)


def test_split_gives_the_remainder_to_the_largest_then_the_first() -> None:
    assert split_minor(100, [1, 1, 1]) == [34, 33, 33]
    assert split_minor(10, [3, 3, 1]) == [4, 4, 2]
    assert split_minor(0, [5, 5]) == [0, 0]


@pytest.mark.parametrize("weights", [[], [1, -1]])
def test_split_refuses_weights_that_mean_nothing(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split_minor(10, weights)


@given(st.integers(-(10**11), 10**11))
def test_text_and_minor_units_are_inverse(minor: int) -> None:
    assert parse_minor(decimal_text(minor)) == minor


@pytest.mark.parametrize(
    "text",
    ["", "1e2", "NaN", "Infinity", "0.001", "--1", "1.2.3", "10000000000001", "１２", "1,000"],
)
def test_text_that_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(BadMoney):
        parse_minor(text)


def test_formats_for_people() -> None:
    assert format_minor(9850) == "¥98.50"
    assert format_minor(-300) == "-¥3.00"
    assert format_minor(1200, "JPY") == "¥1200"
    assert format_minor(50, "PTS") == "50"


def test_currencies_do_not_mix() -> None:
    with pytest.raises(BadMoney):
        Money(1) + Money(1, "USD")
    assert Money(5) - Money(7) == Money(-2)
