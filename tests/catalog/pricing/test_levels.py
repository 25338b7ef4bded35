"""What a member level makes of a price."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.days import DayRule, next_midnight
from catalog.pricing import DatedPrice, LevelTerms, Priced, Rounding, price

SHANGHAI = ZoneInfo("Asia/Shanghai")
# A Wednesday; in Shanghai it is eight in the evening.
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SILVER, GOLD = 2, 3


STANDING = (DatedPrice(10_000, "CNY"),)


def asked(
    level: int,
    *terms: LevelTerms,
    floor: int = 0,
    at: datetime = NOON,
    quantity: int = 1,
    rows: tuple[DatedPrice, ...] = STANDING,
) -> Priced:
    found = price(
        rows, at=at, quantity=quantity, level=level, terms=terms, floor_minor=floor, zone=SHANGHAI
    )
    assert found is not None
    return found


def test_guests_and_lower_levels_pay_the_price_of_everybody() -> None:
    terms = LevelTerms(GOLD, share_bp=9500)
    assert [asked(level, terms).unit_minor for level in (0, 1, SILVER, GOLD, 4)] == [
        10_000, 10_000, 10_000, 9500, 9500,
    ]  # fmt: skip


def test_the_reason_names_the_level() -> None:
    found = asked(GOLD, LevelTerms(GOLD, ("金卡", "Gold"), share_bp=9500))
    assert [(one.key, one.amount_minor) for one in found.reasons] == [
        ("list_price", 10_000), ("level_price", -500),
    ]  # fmt: skip
    assert dict(found.reasons[1].params) == {"level": 3, "name": "金卡", "name_en": "Gold"}
    assert found.list_minor == 10_000


def test_a_list_of_its_own_with_its_own_steps_and_dates() -> None:
    rows = (
        DatedPrice(9600, "CNY"),
        DatedPrice(9400, "CNY", min_quantity=5),
        DatedPrice(9000, "CNY", starts_at=NOON + timedelta(hours=1)),
        DatedPrice(1, "USD"),
    )
    terms = LevelTerms(GOLD, rows=rows)
    assert asked(GOLD, terms).unit_minor == 9600
    assert asked(GOLD, terms, quantity=5).unit_minor == 9400
    assert asked(GOLD, terms).until == NOON + timedelta(hours=1)
    assert asked(GOLD, terms, at=NOON + timedelta(hours=1)).unit_minor == 9000


def test_nobody_pays_more_for_being_a_member() -> None:
    dear = LevelTerms(GOLD, rows=(DatedPrice(12_000, "CNY"),))
    assert asked(GOLD, dear).unit_minor == 10_000
    assert [one.key for one in asked(GOLD, dear).reasons] == ["list_price"]


def test_a_price_under_the_floor_is_lifted_and_says_so() -> None:
    found = asked(GOLD, LevelTerms(GOLD, share_bp=8000), floor=9200)
    assert found.unit_minor == 9200
    assert [(one.key, one.amount_minor) for one in found.reasons[1:]] == [
        ("level_price", -2000), ("lifted_to_floor", 1200),
    ]  # fmt: skip


def test_a_floor_above_the_price_of_everybody_is_not_sold_dearer_to_members() -> None:
    assert asked(GOLD, LevelTerms(GOLD, share_bp=8000), floor=11_000).unit_minor == 10_000


def test_a_member_day_holds_on_the_shops_calendar_and_ends_at_its_midnight() -> None:
    terms = LevelTerms(1, share_bp=8800, day=DayRule(weekday=3))
    late, over = datetime(2026, 11, 25, 15, 59, tzinfo=UTC), datetime(2026, 11, 25, 16, tzinfo=UTC)
    assert asked(1, terms).unit_minor == 8800
    assert asked(1, terms, at=late).unit_minor == 8800
    assert asked(1, terms, at=over).unit_minor == 10_000
    assert asked(1, terms).until == over
    assert asked(1, terms).reasons[-1].key == "member_day_price"


@pytest.mark.parametrize(("day", "covers"), [(27, False), (28, True), (1, False)])
def test_the_last_day_of_a_short_month_stands_for_the_missing_one(day: int, covers: bool) -> None:
    at = datetime(2026, 2 if day > 1 else 3, day, 4, tzinfo=UTC)
    assert DayRule(month_day=31).covers(at, SHANGHAI) is covers


def test_midnight_is_the_shops() -> None:
    assert next_midnight(NOON, SHANGHAI) == datetime(2026, 11, 25, 16, tzinfo=UTC)


TERMS = st.lists(
    st.builds(
        lambda level, share, step, own: LevelTerms(
            level,
            share_bp=share if own is None else None,
            rows=() if own is None else (DatedPrice(own, "CNY"),),
            rounding=Rounding(step, 0, "half"),
        ),
        st.integers(1, 4),
        st.integers(1, 10_000),
        st.sampled_from([1, 10, 100]),
        st.none() | st.integers(0, 20_000),
    ),
    max_size=6,
)


@given(TERMS, st.integers(0, 20_000), st.integers(0, 20_000))
def test_a_higher_level_never_pays_more_and_nobody_under_the_floor(
    terms: list[LevelTerms], ordinary: int, floor: int
) -> None:
    rows = (DatedPrice(ordinary, "CNY"),)
    paid = [asked(level, *terms, rows=rows, floor=floor).unit_minor for level in range(5)]
    assert paid == sorted(paid, reverse=True)
    assert all(amount >= min(floor, ordinary) for amount in paid)
    assert paid[0] == ordinary


@given(TERMS, st.integers(0, 20_000), st.integers(0, 20_000))
def test_the_reasons_sum_to_the_price(terms: list[LevelTerms], ordinary: int, floor: int) -> None:
    found = asked(4, *terms, rows=(DatedPrice(ordinary, "CNY"),), floor=floor)
    assert sum(one.amount_minor for one in found.reasons) == found.unit_minor


@given(st.permutations([LevelTerms(n, (str(n), str(n)), share_bp=s) for n, s in
                        ((1, 9500), (2, 9500), (3, 9000), (4, 9000))]))  # fmt: skip
def test_the_order_of_rows_decides_nothing(terms: list[LevelTerms]) -> None:
    found = asked(4, *terms)
    assert (found.unit_minor, dict(found.reasons[-1].params)["level"]) == (9000, 3)
