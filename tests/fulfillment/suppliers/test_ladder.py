"""When we ask again, and when "no such order" means "never arrived" (R-SUP-3, C11)."""

import pytest

from fulfillment.suppliers.ladder import Patience, counts_as_never_arrived

P = Patience()


@pytest.mark.parametrize(
    ("queries", "age_seconds", "pause"),
    [
        (0, 0, 2), (1, 2, 5), (2, 7, 10), (3, 17, 30), (4, 47, 60), (5, 107, 300), (6, 407, 900),
        (7, 1307, 3600), (8, 5000, 3600), (30, 86399, 3600), (31, 86400, 86400),
        (37, 7 * 86400 - 1, 86400), (38, 7 * 86400, None),
    ],
)  # fmt: skip
def test_the_ladder(queries: int, age_seconds: float, pause: float | None) -> None:
    assert P.next_query_seconds(queries=queries, age_seconds=age_seconds) == pause


def test_the_ladder_scales() -> None:
    assert Patience(0.1).next_query_seconds(queries=1, age_seconds=1) == 0.5
    assert Patience(0.1).manual_seconds == 8640
    assert P.retry_seconds(tries=99) == 60


@pytest.mark.parametrize(
    ("age_seconds", "times", "allowed", "was_accepted", "lost"),
    [
        (600, 3, True, False, True),
        (599, 9, True, False, False),
        (600, 2, True, False, False),
        (86400, 99, False, False, False),
        (86400, 99, True, True, False),
    ],
)
def test_never_arrived(
    age_seconds: float, times: int, allowed: bool, was_accepted: bool, lost: bool
) -> None:
    found = counts_as_never_arrived(
        patience=P, age_seconds=age_seconds, times=times, allowed=allowed, was_accepted=was_accepted
    )
    assert found is lost
