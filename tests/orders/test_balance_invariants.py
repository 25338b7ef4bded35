"""Each invariant of balances is broken on purpose, as owner with the triggers asleep, and seen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog import snapshot
from core import clock, ledger
from core.crypto import forget_keys
from core.invariants import check_all
from orders.invariants.balance import STATEMENTS
from orders.queries import promotions
from orders.queries.units import unit_states
from orders.services.request_refund import request_refund
from tests.factories.accounts import make_user
from tests.factories.balance import buy, make_cards
from tests.factories.catalog import make_sku
from tests.factories.exchange import made, redeem, texts
from tests.factories.orders import item, pay

pytestmark = pytest.mark.usefixtures("committed")
FORGET = (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget)

HURTS = {
    "INV-TN1": "update core_accountbalance set balance = balance - 1"
    " where account_id like 'balance:%'",
    "INV-TN2": "update orders_balancepayment set amount_minor = 1 where state = 'held'",
    "INV-TN3": "update orders_order set state = 'closed' where public_id in (select o.public_id"
    " from orders_order o join orders_balancepayment b on b.order_id = o.id and b.state = 'held')",
    "INV-TN4": "update orders_payment set amount_minor = amount_minor + 1",
    "INV-TN5": "update core_posting set amount = amount + 1 where account_id = 'order_obligation'",
    "INV-TN6": "update orders_refund set balance_minor = balance_minor - 1",
    "INV-TN7": "update orders_refundline set amount_minor = amount_minor - 1",
    "INV-TN8": "update orders_balancepayment set shares = '{}'",
    "INV-TN9": "update core_posting set amount = amount + 1 where account_id like 'balance:%'",
    "INV-TN10": "update core_posting set amount = amount + 1 where account_id = 'cards_sold'",
}


@pytest.fixture(autouse=True)
def _shop(committed: None) -> Iterator[None]:
    for forget in FORGET:
        forget()
    ann = make_user()
    redeem(texts(made(make_cards(1, origin="sold")))[0], owner=ann.public_id, user_id=ann.pk)
    sku = make_sku(kind="topup", price_minor=1000, cost_minor=1)
    paid, _open = buy(ann, 400, item(sku, 2)), buy(ann, 300, item(sku))
    pay(paid)
    request_refund(
        order=paid.public_id, now=clock.now(), acting="test", reason="test",
        deliveries=[unit_states(paid.public_id)[0].delivery],
    )  # fmt: skip
    yield
    for forget in FORGET:
        forget()


def broken() -> set[str]:
    return {one.invariant.id for one in check_all(now=clock.now(), grace=0, only="INV-TN")}


def test_a_healthy_shop_breaks_none() -> None:
    assert broken() == set()


def test_every_invariant_has_its_hurt() -> None:
    assert HURTS.keys() == {row[0] for row in STATEMENTS}


@pytest.mark.parametrize("invariant", sorted(HURTS))
def test_each_is_seen(invariant: str, owner_sql: Callable[..., Any]) -> None:
    owner_sql("set session_replication_role = replica")
    owner_sql(HURTS[invariant])
    assert invariant in broken()
