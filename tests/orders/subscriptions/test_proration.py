"""What unused days are worth: to the cent, and used and unused days sum to what was paid."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.subscriptions.proration import credit_of

START = date(2027, 1, 1)


def test_ten_of_thirty_days_left() -> None:
    credit = credit_of(1990, start=START, end=START + timedelta(30), on=START + timedelta(20))
    assert (credit.unused, credit.days, credit.credit_minor) == (10, 30, 663)


@pytest.mark.parametrize(("on", "left"), [(-5, 1990), (0, 1990), (30, 0), (40, 0)])
def test_before_and_after_the_period(on: int, left: int) -> None:
    credit = credit_of(1990, start=START, end=START + timedelta(30), on=START + timedelta(on))
    assert credit.credit_minor == left


@given(st.integers(0, 10**7), st.integers(1, 400), st.data())
def test_days_sum_to_what_was_paid(paid: int, days: int, data: st.DataObject) -> None:
    end = START + timedelta(days)
    used = data.draw(st.integers(0, days))
    left = [
        credit_of(paid, start=START, end=end, on=START + timedelta(n)).credit_minor
        for n in (0, used, min(used + 1, days), days)
    ]
    assert left[0] == paid
    assert left[3] == 0
    assert left[0] >= left[1] >= left[2] >= left[3]
    # Half a minor unit from the exact share at most.
    assert 2 * abs(left[1] * days - paid * (days - used)) <= days


def test_no_days_are_no_period() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        credit_of(100, start=START, end=START, on=START)
