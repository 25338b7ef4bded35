"""One exchange code in 32 hands: one order; and what happens without the guard. Its invariants, broken."""

from collections.abc import Callable
from typing import Any

import pytest

from core import clock
from core.faults import without
from core.invariants import check_all
from orders.models import Exchange, ExchangeBatch, Order
from tests.factories.exchange import made, make_batch, redeem, texts
from tests.factories.orders import stocked
from tests.races.crowd import comes_up
from tests.races.test_lottery import outcomes

pytestmark = pytest.mark.usefixtures("committed")
HANDS = 32


def healthy() -> list[str]:
    return [str(found) for found in check_all(now=clock.now(), only="INV-EX")]


def grab(batch: ExchangeBatch, number: int) -> Callable[[int], object]:
    text = texts(batch)[number]
    return lambda n: redeem(text, contact=f"g{n}@example.com", ip=f"198.51.100.{n}").state


def test_one_code_in_32_hands_is_one_order() -> None:
    batch = made(make_batch(1, sku=stocked(3)))
    found = outcomes(grab(batch, 0), HANDS, threads=HANDS)
    assert found == {"done": 1, "CodeRefused": HANDS - 1}
    assert (Exchange.objects.count(), Order.objects.count()) == (1, 1)
    assert healthy() == []


def test_without_its_guard_a_code_is_used_by_more_than_one() -> None:
    """The negative control: only the last net, the exchange's unique code, then catches them."""
    batch = made(make_batch(12, sku=stocked(12)))
    rounds = iter(range(12))

    def race() -> bool:
        return outcomes(grab(batch, next(rounds)), 8, threads=8)["IntegrityError"] > 0

    with without("exchange.code"):
        assert comes_up(race)


def test_one_click_on_many_threads_is_one_order() -> None:
    batch = made(make_batch(2, sku=stocked(3)))
    first, _second = texts(batch)

    def click(_n: int) -> str:
        return redeem(first, form_token="the-token-of-one-page").public_id

    assert len(outcomes(click, 8, threads=8)) == 1
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("update orders_exchangecode set used_at = now()", "INV-EX1"),
        ("update orders_exchangebatch set size = 3, made = 3", "INV-EX2"),
        ("update orders_exchange set result = 'ord_NONE'", "INV-EX3"),
        ("update orders_exchangebatch set cost_minor = 1", "INV-EX4"),
    ],
)
def test_each_invariant_sees_what_it_is_about(owner_sql: Any, statement: str, name: str) -> None:
    batch = made(make_batch(2, sku=stocked(2)))
    redeem(texts(batch)[0])
    assert healthy() == []
    owner_sql(f"set session_replication_role = replica; {statement}")
    assert name in [found.split()[0] for found in healthy()]
