"""A prize of three under a thousand draws; one chance in sixteen hands; and without the guards."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from accounts.models import User
from core import clock
from core.faults import without
from core.invariants import check_all
from core.tx import step
from orders.models import Draw, Lottery, PrizeUnit
from orders.services.lotteries.draw_prize import take_unit
from tests.factories.lotteries import drawn, give_chances, make_lottery, opened, player
from tests.races.crowd import comes_up, crowd

pytestmark = pytest.mark.usefixtures("committed")
DRAWS, PRIZES, PLAYERS = 1000, 3, 20


def outcomes(work: Callable[[int], object], number: int, *, threads: int = 32) -> Counter[str]:
    """What became of each, by the answer or the name of the error."""
    found: Counter[str] = Counter()
    lock = threading.Lock()

    def one(item: int) -> None:
        try:
            outcome = str(work(item))
        except Exception as error:  # noqa: BLE001  a negative control may end at a constraint
            outcome = type(error).__name__
        with lock:
            found[outcome] += 1

    crowd(one, range(number), threads=threads)
    return found


def healthy() -> list[str]:
    return [str(found) for found in check_all(now=clock.now(), only="INV-LT")]


def test_a_prize_of_three_under_a_thousand_draws_is_won_three_times() -> None:
    row = opened(make_lottery({"odds": 40, "stock": PRIZES}))
    players = [player() for _ in range(PLAYERS)]
    for one in players:
        give_chances(row, one, DRAWS // PLAYERS)
    found = outcomes(lambda n: drawn(row, players[n % PLAYERS]).prize.key, DRAWS)
    assert found == {"p0": PRIZES, "nothing": DRAWS - PRIZES}
    numbers = Draw.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, DRAWS + 1))
    assert healthy() == []


def sixteen(row: Lottery, user: User) -> Counter[str]:
    give_chances(row, user)
    return outcomes(lambda _n: drawn(row, user).prize.key, 16, threads=16)


def test_one_chance_is_one_draw() -> None:
    row = opened(make_lottery())
    assert sixteen(row, player()) == {"nothing": 1, "NoChance": 15}
    assert healthy() == []


def test_one_form_sent_many_times_at_one_moment_is_one_draw_for_each_of_them() -> None:
    row, user = opened(make_lottery()), player()
    give_chances(row, user)
    found = outcomes(lambda _n: drawn(row, user, form_token="t" * 22).number, 8, threads=8)
    assert found == {"1": 8}
    assert healthy() == []


def test_without_its_guard_a_chance_is_used_by_more_than_one() -> None:
    """The negative control: only the last net, the draw's unique chance, then catches them."""
    row = opened(make_lottery())
    with without("lottery.chance"):
        assert comes_up(lambda: sixteen(row, player())["IntegrityError"] > 0)


def takers(row: Lottery) -> int:
    """How many of sixteen got a piece of a prize of three."""
    PrizeUnit.objects.update(taken_at=None)
    prize = row.prizes.get(key="p0").pk

    def take(_n: int) -> bool:
        with step():
            return take_unit(prize_id=prize, now=clock.now()) is not None

    return outcomes(take, 16, threads=16)["True"]


def test_a_piece_is_taken_once_and_without_its_guard_by_several() -> None:
    row = opened(make_lottery({"odds": 40, "stock": PRIZES}))
    assert takers(row) == PRIZES
    with without("lottery.unit"):
        assert comes_up(lambda: takers(row) > PRIZES)


def test_without_their_guard_two_draws_get_one_number() -> None:
    row, user = opened(make_lottery()), player()

    def race() -> bool:
        give_chances(row, user, 16)
        return outcomes(lambda _n: drawn(row, user), 16, threads=16)["IntegrityError"] > 0

    with without("lottery.number"):
        assert comes_up(race)
