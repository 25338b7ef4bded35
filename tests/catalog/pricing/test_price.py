from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import DatedPrice, FloorBroken, check_floor, floor_of, next_change, price

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def row(amount: int, **values: object) -> DatedPrice:
    return DatedPrice(amount, "CNY", **values)  # type: ignore[arg-type]


def test_no_row_is_no_price() -> None:
    assert price([], at=NOON) is None


def test_the_standing_price() -> None:
    priced = price([row(9850, list_code="base")], at=NOON)
    assert priced is not None
    assert (priced.list_minor, priced.unit_minor, priced.currency, priced.until) == (
        9850,
        9850,
        "CNY",
        None,
    )
    assert [reason.key for reason in priced.reasons] == ["list_price"]


def test_a_dated_price_holds_from_its_first_second_to_the_one_before_its_end() -> None:
    rows = [row(9850), row(8850, starts_at=NOON, ends_at=NOON + HOUR)]
    assert [
        price(rows, at=at).unit_minor  # type: ignore[union-attr]
        for at in (
            NOON - timedelta(microseconds=1),
            NOON,
            NOON + HOUR - timedelta(microseconds=1),
            NOON + HOUR,
        )
    ] == [9850, 8850, 8850, 9850]


def test_it_says_until_when_it_holds() -> None:
    rows = [row(9850), row(8850, starts_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)]
    assert price(rows, at=NOON).until == NOON + HOUR  # type: ignore[union-attr]
    assert price(rows, at=NOON + HOUR).until == NOON + 2 * HOUR  # type: ignore[union-attr]
    assert price(rows, at=NOON + 2 * HOUR).until is None  # type: ignore[union-attr]


def test_the_last_started_of_two_dated_prices_wins() -> None:
    rows = [row(100, starts_at=NOON - 2 * HOUR), row(200, starts_at=NOON - HOUR)]
    assert price(rows, at=NOON).unit_minor == 200  # type: ignore[union-attr]


def test_the_nearest_list_wins_even_when_it_is_dearer() -> None:
    rows = [row(100, rank=1), row(150, rank=0)]
    assert price(rows, at=NOON).unit_minor == 150  # type: ignore[union-attr]


def test_a_list_whose_price_is_over_falls_back() -> None:
    rows = [row(100, rank=1), row(150, rank=0, ends_at=NOON)]
    assert price(rows, at=NOON).unit_minor == 100  # type: ignore[union-attr]


def test_quantity_steps() -> None:
    rows = [row(100), row(90, min_quantity=5), row(80, min_quantity=10)]
    priced = [price(rows, at=NOON, quantity=n) for n in (1, 4, 5, 9, 10, 99)]
    assert [p.unit_minor for p in priced if p] == [100, 100, 90, 90, 80, 80]
    assert {p.list_minor for p in priced if p} == {100}
    assert [r.key for r in priced[-1].reasons] == ["list_price", "quantity_price"]  # type: ignore[union-attr]
    assert priced[-1].reasons[1].amount_minor == -20  # type: ignore[union-attr]


def test_steps_of_a_farther_list_do_not_mix_in() -> None:
    rows = [row(100, rank=0), row(10, rank=1, min_quantity=5), row(120, rank=1)]
    assert price(rows, at=NOON, quantity=5).unit_minor == 100  # type: ignore[union-attr]


def test_a_foreign_currency_is_never_converted() -> None:
    assert price([DatedPrice(100, "USD")], at=NOON, currency="CNY") is None


def test_less_than_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        price([row(1)], at=NOON, quantity=0)


moments = st.integers(-50, 50).map(lambda n: NOON + n * HOUR)


@st.composite
def dated(draw: st.DrawFn) -> DatedPrice:
    start, end = draw(st.none() | moments), draw(st.none() | moments)
    if start and end and end <= start:
        start, end = end, start + HOUR
    return DatedPrice(
        draw(st.integers(0, 10**6)),
        "CNY",
        draw(st.integers(0, 2)),
        draw(st.integers(1, 9)),
        start,
        end,
    )


lists = st.lists(dated(), max_size=12)


@given(lists, moments, st.integers(1, 12), st.randoms())
def test_the_order_of_rows_decides_nothing(
    rows: list[DatedPrice], at: datetime, n: int, random: object
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert price(rows, at=at, quantity=n) == price(shuffled, at=at, quantity=n)


@given(lists, moments, st.integers(1, 12))
def test_the_price_is_one_that_stands_in_force(
    rows: list[DatedPrice], at: datetime, n: int
) -> None:
    priced = price(rows, at=at, quantity=n)
    in_force = [r for r in rows if r.covers(at) and r.min_quantity <= n]
    if priced is None:
        assert not [r for r in in_force if r.min_quantity == 1]
    else:
        assert priced.unit_minor in {r.amount_minor for r in in_force}
        assert (
            sum(r.amount_minor for r in priced.reasons if r.key != "dated_price")
            == priced.unit_minor
        )


@given(lists, moments, st.integers(1, 12), st.floats(0, 0.999))
def test_nothing_changes_before_until(
    rows: list[DatedPrice], at: datetime, n: int, share: float
) -> None:
    priced = price(rows, at=at, quantity=n)
    if priced is None:
        return
    later = at + ((priced.until or at + 1000 * HOUR) - at) * share
    again = price(rows, at=later, quantity=n)
    assert again is not None
    assert (again.list_minor, again.unit_minor) == (priced.list_minor, priced.unit_minor)


@given(lists, moments)
def test_the_next_change_lies_ahead(rows: list[DatedPrice], at: datetime) -> None:
    edge = next_change(rows, at=at)
    assert edge is None or edge > at


def test_floor() -> None:
    assert floor_of(cost_minor=None, advertised_minimum_minor=None) == 0
    assert floor_of(cost_minor=90, advertised_minimum_minor=95) == 95
    check_floor(95, cost_minor=90, advertised_minimum_minor=95)
    with pytest.raises(FloorBroken) as broken:
        check_floor(94, cost_minor=90, advertised_minimum_minor=95)
    assert (broken.value.amount_minor, broken.value.floor_minor) == (94, 95)
