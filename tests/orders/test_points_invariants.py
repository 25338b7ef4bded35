"""Each invariant of points is broken on purpose, as owner with the triggers asleep, and seen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog import snapshot
from core import clock, ledger
from core.crypto import forget_keys
from core.invariants import check_all
from orders.invariants.points import STATEMENTS
from orders.queries import promotions
from orders.services.place_order import place_order
from tests.factories.orders import item, order_of, pay, relay_all, stocked
from tests.factories.points import give, wanted_with_points

pytestmark = pytest.mark.usefixtures("committed")
FORGET = (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget)
ANN = "usr_ANN"

HURTS = {
    "INV-PO1": 'update orders_pointslot set "left" = "left" - 1 where "left" > 0',
    "INV-PO2": "update core_posting set account_id = 'points_spent'"
    " where account_id = 'points_held'",
    "INV-PO3": "update orders_order set state = 'closed' where public_id in (select o.public_id"
    " from orders_order o join orders_pointspayment p on p.order_id = o.id where p.state = 'held')",
    "INV-PO4": "update core_posting set amount = amount + 1 where account_id = 'points_issued'",
    "INV-PO5": "update orders_pointspayment set returned = 1 where state = 'spent'",
    "INV-PO6": "update orders_pointspiece set returned = 1",
    "INV-PO7": "update orders_pointspayment set shares = '{}'",
    "INV-PO8": 'update orders_pointslot set points = "left"',
}


@pytest.fixture(autouse=True)
def _shop(committed: None) -> Iterator[None]:
    for forget in FORGET:
        forget()
    sku = stocked(2, price_minor=1990)
    give(ANN, 700)
    paid, _open = [
        order_of(
            place_order(
                wanted=wanted_with_points(ANN, 300, item(sku)), now=clock.now(), acting="test"
            )
        )
        for _ in range(2)
    ]
    pay(paid)
    relay_all()
    yield
    for forget in FORGET:
        forget()


def broken() -> set[str]:
    return {one.invariant.id for one in check_all(now=clock.now(), grace=0, only="INV-P")}


def test_a_healthy_shop_breaks_none() -> None:
    assert broken() == set()


def test_every_invariant_has_its_hurt() -> None:
    assert HURTS.keys() == {row[0] for row in STATEMENTS}


@pytest.mark.parametrize("invariant", sorted(HURTS))
def test_each_is_seen(invariant: str, owner_sql: Callable[..., Any]) -> None:
    owner_sql("set session_replication_role = replica")
    owner_sql(HURTS[invariant])
    assert invariant in broken()
