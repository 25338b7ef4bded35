"""Each statement about lotteries, broken on purpose."""

from typing import Any

import pytest

from core import clock
from core.invariants import check_all
from orders.services.lotteries.hand_over import hand_over
from tests.factories.lotteries import drawn, give_chances, make_lottery, opened, player

pytestmark = pytest.mark.usefixtures("committed")


def healthy() -> list[str]:
    return [str(found) for found in check_all(now=clock.now(), grace=0, only="INV-LT")]


def broken(owner_sql: Any, statement: str, params: Any = None) -> list[str]:
    owner_sql(f"set session_replication_role = replica; {statement}", params)
    return [found.split()[0] for found in healthy()]


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("update orders_draw set prize_id = hit_id where number = 2", "INV-LT1"),
        ("update orders_prizeunit set taken_at = null", "INV-LT2"),
        ("update orders_chance set used_at = null where id = (select min(id) from orders_chance)", "INV-LT3"),
        ("update orders_lottery set drawn = drawn + 1", "INV-LT4"),
        ("update orders_lottery set seed = repeat('0', 64), state = 'revealed'", "INV-LT5"),
        ("update orders_prize set odds = odds + 1 where key = 'nothing'", "INV-LT6"),
        ("delete from orders_award", "INV-LT7"),
        ("update orders_award set state = 'waiting', not_before = now()", "INV-LT7"),
        ("insert into core_limitcount (key, \"window\", used) select 'promo:' || public_id || ':subsidy',"
         " 0, budget_minor + 1 from orders_lottery", "INV-LT8"),
    ],
)  # fmt: skip
def test_each_invariant_sees_what_it_is_about(
    toys: dict[str, int], owner_sql: Any, statement: str, names: str
) -> None:
    row, user = opened(make_lottery({"odds": 100, "stock": 1, "kind": "toy"})), player()
    give_chances(row, user, 2)
    drawn(row, user)
    drawn(row, user)
    hand_over(now=clock.now())
    assert healthy() == []
    assert names in broken(owner_sql, statement)
