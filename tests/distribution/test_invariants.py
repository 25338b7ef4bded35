"""Each invariant of this floor is broken on purpose, as owner with the triggers asleep, and seen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalog import snapshot
from core import clock, ledger
from core.crypto import forget_keys
from core.invariants import check_all
from distribution.invariants import STATEMENTS
from distribution.services.book_payment import book_payment
from distribution.services.push_results import push_results
from distribution.services.take_order import take_order
from orders.services.push_refund import push_refunds
from orders.services.request_refund import request_refund
from tests.distribution.books import asked_for
from tests.factories.catalog import make_sku
from tests.factories.markets import make_place, order_data
from tests.factories.orders import relay_all, stocked

HURTS: dict[str, tuple[str, ...]] = {
    "INV-M1": (
        "update distribution_marketorder set total_minor = total_minor + 1 where state = 'done'",
        "update distribution_marketorder set \"order\" = 'ord_X' where state = 'done'",
        "update orders_payment set provider = 'localpay' where provider = 'account'",
        "delete from distribution_marketpush; delete from distribution_marketorder",
        "update orders_order set channel_id = (select id from catalog_channel where is_default)",
    ),
    "INV-M2": (
        "update core_accountbalance set balance = balance - 1 where account_id like 'channel_acc%'",
        "delete from distribution_marketpayment",
        "update core_journal set key = 'gone:' || id where key like 'account.credited:%'",
    ),
    "INV-M3": (
        "update distribution_marketplace set credit_limit_minor = credit_limit_minor + 1",
        "update core_accountbalance set floor = floor - 1 where account_id like 'channel_account%'",
    ),
    "INV-M4": (
        "update core_posting set amount = amount + 1 where account_id = 'psp_clearing:account'"
        " and amount > 0",
    ),
    "INV-M5": (
        "update distribution_marketorder set state = 'accepted' where state = 'done'",
        "update distribution_marketorder set state = 'done' where state = 'failed'",
        "update distribution_marketorder set delivered = 9 where state = 'done'",
    ),
    "INV-M6": (
        "update distribution_marketorder set state = 'received', not_before = null"
        " where state = 'refused'",
        "update distribution_marketpush set state = 'waiting', not_before = null",
        "delete from distribution_marketpush",
    ),
}  # fmt: skip
CASES = [(name, hurt) for name, hurts in HURTS.items() for hurt in hurts]


@pytest.fixture(autouse=True)
def _shop(committed: None) -> Iterator[None]:
    """One order of each sort: delivered, given back, refused; a payment; results told."""
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()
    place = make_place(callback_url="http://127.0.0.1:9/results")
    now = clock.now()
    card, topup = stocked(2), make_sku(kind="topup", price_minor=1000, cost_minor=900)
    take_order(market=place.row, asked=asked_for(order_data(card, "CARD1")), now=now)
    take_order(market=place.row, asked=asked_for(order_data(card, "NONE1", 9)), now=now)
    back = take_order(
        market=place.row, now=now,
        asked=asked_for(order_data(topup, "BACK1", account="13800138000"), direct=True),
    )  # fmt: skip
    request_refund(order=back.order, now=clock.now(), acting="user:usr_A", reason="x")
    push_refunds(now=clock.now())
    book_payment(code="jd", amount_minor=5000, number="B1", by="user:usr_A", now=now)
    relay_all()
    push_results(now=clock.now())
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def broken() -> set[str]:
    now = clock.now()
    at_rest = check_all(now=now, grace=0, only="INV-M")
    in_time = {violation.invariant.id for violation in check_all(now=now, grace=1, only="INV-M")}
    # The result's ladder is long: only what is overdue counts as forgotten.
    found = {violation.invariant.id for violation in at_rest} - {"INV-M6"}
    return found | (in_time & {"INV-M6"})


def test_a_healthy_shop_breaks_none() -> None:
    assert broken() == set()
    assert [str(violation) for violation in check_all(now=clock.now(), grace=1)] == []


def test_every_invariant_has_its_hurt() -> None:
    assert HURTS.keys() == {row[0] for row in STATEMENTS}


@pytest.mark.parametrize(("invariant", "hurt"), CASES)
def test_it_is_seen(invariant: str, hurt: str, owner_sql: Callable[..., Any]) -> None:
    owner_sql("set session_replication_role = replica")
    owner_sql(hurt)
    assert invariant in broken()
