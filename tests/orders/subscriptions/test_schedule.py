"""Dates of periods: counted from the anchor, by civil months, without gap or overlap."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.subscriptions.schedule import span_of
from orders.subscriptions.terms import BadPhases, Phase, as_json, check_phases, read_phases

MONTHLY = (Phase(None, "month", 1, 1990),)
INTRO = (Phase(1, "month", 1, 600, "CINEMA", 1), Phase(None, "month", 1, 1990))


def test_months_keep_the_day_as_well_as_they_can() -> None:
    starts = []
    for number in range(1, 14):
        span = span_of(MONTHLY, number=number, anchor=date(2027, 1, 31))
        assert span is not None
        starts.append(span.start)
    assert starts[:5] == [
        date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30),
        date(2027, 5, 31),
    ]  # fmt: skip
    assert starts[12] == date(2028, 1, 31)


def test_a_leap_year_has_its_day() -> None:
    span = span_of(MONTHLY, number=2, anchor=date(2028, 1, 30))
    assert span is not None
    assert (span.start, span.end) == (date(2028, 2, 29), date(2028, 3, 30))


def test_phases_follow_each_other_and_end() -> None:
    phases = (Phase(2, "month", 1, 600), Phase(3, "day", 30, 1990))
    spans = [span_of(phases, number=n, anchor=date(2027, 1, 31)) for n in range(1, 7)]
    assert [span.phase.price_minor for span in spans if span] == [600, 600, 1990, 1990, 1990]
    assert spans[5] is None
    assert spans[2] is not None
    assert spans[2].start == date(2027, 3, 31)


def test_a_gift_comes_once_or_each_time() -> None:
    gifts = [span_of(INTRO, number=n, anchor=date(2027, 1, 1)) for n in (1, 2, 3)]
    assert [span.gift for span in gifts if span] == [("CINEMA", 1), None, None]
    each = (Phase(None, "month", 1, 1990, "CINEMA", 2, gift_each=True),)
    again = span_of(each, number=7, anchor=date(2027, 1, 1))
    assert again is not None
    assert again.gift == ("CINEMA", 2)


def test_after_a_pause_counting_goes_on_from_another_day() -> None:
    span = span_of(INTRO, number=5, anchor=date(2027, 9, 15), anchor_number=4)
    assert span is not None
    assert (span.start, span.phase.price_minor) == (date(2027, 10, 15), 1990)
    with pytest.raises(ValueError, match="before the anchor"):
        span_of(INTRO, number=3, anchor=date(2027, 9, 15), anchor_number=4)


phases = st.builds(
    Phase,
    periods=st.integers(1, 5),
    unit=st.sampled_from(["month", "day"]),
    length=st.integers(7, 12),
    price_minor=st.integers(0, 9900),
)


@given(
    st.lists(phases, min_size=1, max_size=4),
    st.dates(date(2026, 1, 1), date(2032, 12, 31)),
)
def test_no_day_is_twice_in_a_plan_and_none_is_left_out(some: list[Phase], anchor: date) -> None:
    total = sum(phase.periods or 0 for phase in some)
    spans = [span_of(some, number=n, anchor=anchor) for n in range(1, total + 2)]
    assert spans[total] is None
    kept = [span for span in spans if span is not None]
    assert kept[0].start == anchor
    assert all(one.end == two.start for one, two in itertools.pairwise(kept))
    assert all(one.end - one.start >= timedelta(days=7) for one in kept)
    assert read_phases(as_json(some)) == tuple(some)


@pytest.mark.parametrize(
    ("some", "why"),
    [
        ((), "count"),
        ((MONTHLY[0], MONTHLY[0]), "endless_before_last"),
        ((Phase(None, "day", 6, 100),), "too_short"),
        ((Phase(0, "month", 1, 100),), "periods"),
        ((Phase(None, "month", 1, -1),), "price"),
        ((Phase(None, "year", 1, 1),), "length"),
    ],
)
def test_phases_that_cannot_be_kept_are_refused(some: tuple[Phase, ...], why: str) -> None:
    with pytest.raises(BadPhases, match=why):
        check_phases(some)
