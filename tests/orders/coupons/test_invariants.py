"""Each invariant of coupons is broken on purpose, as owner with the triggers asleep, and seen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog import snapshot
from core import clock, ledger
from core.crypto import forget_keys
from core.invariants import check_all
from orders.invariants.coupon import STATEMENTS
from orders.queries import promotions
from tests.factories.catalog import make_sku
from tests.factories.coupons import coupon_promotion, make_campaign, make_coupon
from tests.factories.orders import item, order_of, pay, place

pytestmark = pytest.mark.usefixtures("committed")
FORGET = (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget)

HURTS = {
    "INV-V3": "insert into orders_couponuse (coupon_id, order_id, created_at)"
    " select c.id, o.public_id, now() from orders_coupon c, orders_order o"
    " where c.state = 'used' and o.state = 'pending_payment'",
    "INV-CP1": "update orders_coupon set state = 'used' where state = 'held'",
    "INV-CP2": "delete from orders_couponuse",
    "INV-CP3": "update orders_coupon set origin = 'claim'",
    "INV-CP4": "insert into orders_couponbatch (public_id, promotion_id, total, made, state,"
    " state_at, note, created_at, created_by, lease_token, tries) select 'cpb_X', id, 3, 3,"
    " 'ready', now(), '', now(), 'x', '', 0 from orders_promotion",
}


@pytest.fixture(autouse=True)
def _shop(committed: None) -> Iterator[None]:
    for forget in FORGET:
        forget()
    made = coupon_promotion()
    make_campaign(made)
    make_coupon(made, "usr_ANN")
    make_coupon(made, "usr_ANN")
    good = make_sku(kind="topup", price_minor=9000, cost_minor=1)
    pay(order_of(place(item(good), owner="usr_ANN")))
    place(item(good), owner="usr_ANN")
    yield
    for forget in FORGET:
        forget()


def broken() -> set[str]:
    return {one.invariant.id for one in check_all(now=clock.now(), grace=0)} & HURTS.keys()


def test_a_healthy_shop_breaks_none() -> None:
    assert broken() == set()


def test_every_invariant_has_its_hurt() -> None:
    assert HURTS.keys() == {row[0] for row in STATEMENTS}


@pytest.mark.parametrize("invariant", sorted(HURTS))
def test_it_is_seen(invariant: str, owner_sql: Callable[..., Any]) -> None:
    owner_sql("set session_replication_role = replica")
    owner_sql(HURTS[invariant])
    assert invariant in broken()
