"""The draw is fair by construction, and anybody with the seed computes the same."""

from collections import Counter

import pytest

from orders.promotions.draw import (
    BadTable,
    Outcome,
    Table,
    client_part,
    commitment,
    draw,
    fair,
    read_table,
    replay,
)
from orders.promotions.prize_cost import Priced, prize_cost

SEED = bytes(range(32))


def table(*odds: tuple[str, int, int | None], whole: int = 10, fallback: str = "no") -> Table:
    outcomes = tuple(Outcome(key, key, number, stock) for key, number, stock in odds)
    return Table("lot_TEST", whole, outcomes, fallback)


SOME = table(("gold", 1, 2), ("silver", 3, None), ("no", 6, None))


def test_every_outcome_of_the_whole_is_drawn_as_often_as_its_odds_say() -> None:
    counted = Counter(SOME.at(value).key for value in range(SOME.whole))
    assert counted == {"gold": 1, "silver": 3, "no": 6}
    with pytest.raises(IndexError):
        SOME.at(SOME.whole)


@pytest.mark.parametrize(("whole", "space"), [(100, 256), (7, 64), (256, 256), (255, 256), (1, 8)])
def test_no_number_is_likelier_than_another(whole: int, space: int) -> None:
    counted = Counter(fair(value, whole, space=space) for value in range(space))
    thrown_away = counted.pop(None, 0)
    assert set(counted) == set(range(whole))
    assert set(counted.values()) == {space // whole}
    assert thrown_away == space % whole


def test_draws_follow_the_odds() -> None:
    """20,000 draws of one seed: each prize within five standard deviations of its odds."""
    found = Counter(
        SOME.at(draw(SEED, lottery="lot_TEST", number=n, client="ab", whole=10)).key
        for n in range(20_000)
    )
    for one in SOME.outcomes:
        share = one.odds / 10
        assert abs(found[one.key] - 20_000 * share) < 5 * (20_000 * share * (1 - share)) ** 0.5


def test_a_draw_depends_on_seed_lottery_number_and_player() -> None:
    def one(seed: bytes = SEED, lottery: str = "a", number: int = 1, client: str = "x") -> int:
        return draw(seed, lottery=lottery, number=number, client=client, whole=1_000_000)

    others = {one(seed=bytes(32)), one(lottery="b"), one(number=2), one(client="y")}
    assert one() == one()
    assert one() not in others
    assert len(others) == 4


def test_the_table_is_read_as_it_was_published() -> None:
    assert read_table(SOME.text()) == SOME
    assert commitment(SEED, SOME.text()) != commitment(SEED, SOME.text().replace("gold", "Gold"))
    with pytest.raises(BadTable):
        commitment(SEED[:-1], SOME.text())


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (table(("gold", 1, 2), ("no", 8, None)), "sum"),
        (table(("gold", 4, 2), ("no", 6, 5)), "fallback"),
        (table(("gold", 4, 2), ("silver", 6, None)), "fallback"),
        (table(("gold", 4, 0), ("no", 6, None)), "numbers"),
        (table(("no", 4, None), ("no", 6, None)), "keys"),
        (table(whole=0), "keys"),
        (table(("no", 0, None), whole=0), "whole"),
        (table(("gold", -1, None), ("no", 11, None)), "numbers"),
    ],
)
def test_a_table_that_promises_nonsense_is_refused(bad: Table, why: str) -> None:
    with pytest.raises(BadTable, match=why):
        bad.text()


def test_a_prize_that_is_gone_falls_to_the_fallback_in_the_order_of_numbers() -> None:
    only = table(("gold", 10, 3), ("no", 0, None))
    assert list(replay(SEED, only, [(n, "x") for n in range(1, 6)])) == [
        "gold", "gold", "gold", "no", "no",
    ]  # fmt: skip


def test_the_players_part_is_the_print_of_their_words() -> None:
    assert client_part(" 好运 ") == client_part("好运")
    assert len(client_part("x")) == 32


def test_cost_on_the_average_and_at_the_worst() -> None:
    lines = [Priced(10, 3, 1000), Priced(50, None, 20), Priced(40, None, 0)]
    cost = prize_cost(lines, whole=100, draws=100)
    assert cost.expected_minor == 3 * 1000 + 50 * 20
    assert cost.worst_minor == 3 * 1000 + 97 * 20
    assert prize_cost(lines, whole=100, draws=2).worst_minor == 2000
    assert prize_cost(lines, whole=100, draws=1).expected_minor == 100 + 10
