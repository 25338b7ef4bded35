"""Each invariant of promotions is broken on purpose, as owner with the triggers asleep, and seen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog import snapshot
from core import clock, ledger
from core.crypto import forget_keys
from core.invariants import check_all
from orders.invariants.promotion import STATEMENTS
from orders.queries import promotions
from tests.factories.bundles import bundle_item, weekend
from tests.factories.orders import make_order, order_of, pay, place, stocked
from tests.factories.promotions import make_promotion

pytestmark = pytest.mark.usefixtures("committed")
FORGET = (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget)

HURTS = {
    "INV-PR1": "update core_limitcount set used = used + 1 where key like 'promo:%:uses'",
    "INV-PR2": "update orders_promotion set subsidy_minor = 1 where subsidy_minor > 1",
    "INV-PR3": "update orders_orderline set unit_minor = unit_minor + 1 where position = 0",
    "INV-PR4": "update orders_orderline set paid_minor = paid_minor + 1 where position = 0",
    "INV-PR5": "update orders_orderline set subsidy_minor = subsidy_minor + 1"
    " where subsidy_minor > 0",
    "INV-PR6": "update core_posting set account_id = 'discount'"
    " where account_id = 'promotion_subsidy'",
}


@pytest.fixture(autouse=True)
def _shop(committed: None) -> Iterator[None]:
    for forget in FORGET:
        forget()
    make_promotion("amount_off", {"steps": [[0, 300]]}, most_uses=9, most_minor=9000)
    make_promotion("special_price", {"unit_minor": 600}, subsidy_minor=5000, most_uses=2,
                   goods=["sku:CHEAP"])  # fmt: skip
    cheap = make_order(stocked(2, code="CHEAP", price_minor=1990, cost_minor=1500), 2)
    pay(cheap)
    pay(order_of(place(bundle_item(weekend()[0]))))
    yield
    for forget in FORGET:
        forget()


def broken() -> set[str]:
    return {one.invariant.id for one in check_all(now=clock.now(), grace=0)}


def test_a_healthy_shop_breaks_none() -> None:
    assert not broken() & {"INV-O30", "INV-O31", *HURTS}


def test_every_invariant_has_its_hurt() -> None:
    assert HURTS.keys() == {row[0] for row in STATEMENTS}


@pytest.mark.parametrize("invariant", sorted(HURTS))
def test_it_is_seen(invariant: str, owner_sql: Callable[..., Any]) -> None:
    owner_sql("set session_replication_role = replica")
    owner_sql(HURTS[invariant])
    assert invariant in broken()
