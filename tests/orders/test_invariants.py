"""Each invariant of this floor is broken on purpose, as owner with the triggers asleep, and seen."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as conf
from django.test import Client

from catalog import snapshot
from core import clock, ledger
from core.crypto import forget_keys
from core.invariants import check_all
from fulfillment.models import Code
from orders.invariants import STATEMENTS
from orders.services.close_order import expire_order
from orders.services.request_refund import request_refund
from tests.factories.bundles import bundle_item, weekend
from tests.factories.catalog import make_sku
from tests.factories.orders import (
    make_order,
    make_paid,
    notice_body,
    order_of,
    pay,
    payment_of,
    place,
    relay_all,
    stocked,
)

pytestmark = pytest.mark.usefixtures("committed")

HURTS: dict[str, str] = {
    "INV-L6": "update core_posting set amount = amount - 1"
    " where account_id = 'order_obligation' and amount > 0",
    "INV-L7": "update orders_orderline set failed = 1, gone = gone - 1 where gone > 0",
    "INV-P1": "update orders_payment set applied = false where applied",
    "INV-P2": "update orders_payment set amount_minor = amount_minor - 1 where applied",
    "INV-P3": "update orders_refund set amount_minor = amount_minor * 100",
    "INV-P4": "update core_journal set key = 'gone:' || id where key like 'payment.succeeded:%'",
    "INV-P5": "update orders_notice set verdict = 'stale' where outcome = 'applied'",
    "INV-P6": "delete from orders_refund where kind = 'late'",
    "INV-P7": "update orders_payment set provider_txn = 'SAME' where state = 'succeeded'",
    "INV-P8": "update orders_notice set outcome = 'quarantined', verdict = 'wrong_amount',"
    " provider_txn = '', received_at = now() - interval '1 hour' where outcome = 'applied'",
    "INV-D6": "update orders_order set state = 'closed' where state = 'delivered'",
    "INV-D7": "delete from fulfillment_delivery where unit = 2",
    "INV-D8": "insert into orders_refundline (refund_id, line_id, delivery, unit, amount_minor)"
    " select r.id, l.id, d.public_id, d.unit, 1 from fulfillment_delivery d"
    " join orders_orderline l on l.public_id = d.line, orders_refund r"
    " where d.state = 'delivered' and r.kind = 'undelivered' limit 1",
    "INV-D20": "update orders_orderline set delivered = delivered - 1 where delivered > 0",
    "INV-S20": "update orders_order set state = 'closed' where state = 'pending_payment'",
    "INV-O20": "update orders_order set expires_at = now() - interval '1 hour'"
    " where state = 'pending_payment'",
    "INV-O21": "update orders_refund set not_before = null where state = 'approved'",
    "INV-O22": "delete from orders_orderwait",
    "INV-O30": "update orders_orderbundle set paid_minor = paid_minor + 1",
    "INV-O31": "update orders_orderline set bundle_id = null where bundle_id is not null"
    " and position = 1",
    "INV-O32": "update orders_refundline set amount_minor = amount_minor + 1",
    "INV-O23": "update orders_order set state = 'fulfilling' where state = 'delivered'",
}
LOOSEN = {"INV-P7": "drop index orders_payment_txn_once"}
TIGHTEN = {
    "INV-P7": "update orders_payment set provider_txn = id::text; create unique index"
    " orders_payment_txn_once on orders_payment (provider, provider_txn) where not provider_txn = ''"
}


@pytest.fixture(autouse=True)
def _shop(committed: None) -> Iterator[None]:
    """One order of each sort: delivered, refunded in part, late, open, waiting."""
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()
    delivered = make_order(stocked(2), 2)
    Client().post(
        "/pay/localpay/notice/", notice_body(payment_of(delivered)),
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    given_back = make_paid(make_sku(kind="topup", price_minor=1990), 2)
    request_refund(order=given_back.public_id, now=clock.now(), acting="guest", reason="x")
    pack = order_of(place(bundle_item(weekend()[0])))
    pay(pack)
    request_refund(order=pack.public_id, now=clock.now(), acting="guest", reason="x")
    late = make_order(stocked(1))
    expire_order(order=late.public_id, now=late.expires_at)
    pay(late, now=late.expires_at + timedelta(seconds=conf.LATE_PAYMENT_SECONDS + 1))
    waiting = make_order(stocked(1))
    Code.objects.filter(held_by=waiting.public_id).update(
        state="available", held_by="", held_line="", held_until=None
    )
    Code.objects.filter(state="available").update(state="quarantined")
    pay(waiting)
    make_order(stocked(1))
    relay_all()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def broken() -> set[str]:
    # Late money was confirmed with a clock of its own, a little ahead.
    now = clock.now() + timedelta(seconds=conf.ORDER_HOLD_SECONDS + conf.LATE_PAYMENT_SECONDS + 60)
    soon = {"INV-O20", "INV-O21"}
    at_rest = {v.invariant.id for v in check_all(now=now, grace=0)}
    in_time = {v.invariant.id for v in check_all(now=clock.now(), grace=1)}
    return ((at_rest - soon) | (in_time & soon)) & HURTS.keys()


def test_a_healthy_shop_breaks_none() -> None:
    assert broken() == set()


def test_every_invariant_has_its_hurt() -> None:
    assert HURTS.keys() == {row[0] for row in STATEMENTS}


@pytest.mark.parametrize("invariant", sorted(HURTS))
def test_it_is_seen(invariant: str, owner_sql: Callable[..., Any]) -> None:
    owner_sql("set session_replication_role = replica")
    if invariant in LOOSEN:
        owner_sql(LOOSEN[invariant])
    try:
        owner_sql(HURTS[invariant])
        assert invariant in broken()
    finally:
        if invariant in TIGHTEN:
            owner_sql(TIGHTEN[invariant])


def test_a_failed_order_that_still_owes_is_seen(owner_sql: Callable[..., Any]) -> None:
    """Nothing of it is on its way any more: what it still owes is money kept for nobody."""
    owner_sql("set session_replication_role = replica")
    owner_sql(
        "update core_posting p set amount = amount - 1 from orders_order o"
        " where p.account_id = 'order_obligation' and p.subject = o.public_id and o.state = 'failed'"
    )
    assert "INV-L6" in broken()
