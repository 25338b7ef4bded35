"""Unpaid orders end: by time, by their buyer; stock, budgets and limits come back, once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core import clock
from core.invariants import check_all
from core.models import LimitCount, StateChange
from fulfillment.models import Code
from orders.queries.ladder import first_query_at, next_query_at
from orders.services.close_order import cancel_order, expire_order, expire_orders
from orders.services.query_payment import query_payments
from orders.services.start_payment import start_payment
from orders.states import OrderState, PaymentState
from risk.models import OpenBudget
from simulators.localpay.script import Gateway
from tests.factories.orders import (
    item,
    make_order,
    make_paid,
    order_of,
    pay,
    payment_of,
    place,
    relay_all,
    stocked,
)

pytestmark = pytest.mark.django_db


def test_an_order_past_its_time_is_closed_and_gives_back() -> None:
    order = order_of(place(item(stocked(2, limit_per_buyer=5), 2)))
    assert expire_orders(now=order.expires_at) == 1
    order.refresh_from_db()
    assert (order.state, order.close_reason) == ("closed", "expired")
    assert [take["back"] for take in order.budgets] == [True]
    assert Code.objects.filter(state="available").count() == 2
    assert OpenBudget.objects.get(subject=order.public_id).given_back_at is not None
    assert not LimitCount.objects.filter(key__startswith="limit:", used__gt=0).exists()


def test_an_order_is_not_closed_before_its_time() -> None:
    order = make_order(stocked(1))
    assert not expire_order(order=order.public_id, now=order.expires_at - timedelta(seconds=1))
    assert expire_orders(now=clock.now()) == 0


def test_closing_twice_gives_back_once() -> None:
    order = make_order(stocked(1, limit_per_buyer=5))
    assert cancel_order(order=order.public_id, now=clock.now(), acting="guest")
    assert not cancel_order(order=order.public_id, now=clock.now(), acting="guest")
    assert not expire_order(order=order.public_id, now=order.expires_at)
    assert StateChange.objects.filter(subject=order.public_id, became="closed").count() == 1


def test_a_paid_order_is_not_closed() -> None:
    order = make_paid(stocked(1))
    assert not cancel_order(order=order.public_id, now=clock.now(), acting="guest")
    assert not expire_order(order=order.public_id, now=order.expires_at)


def test_its_payment_is_closed_at_the_provider(gateway: Gateway) -> None:
    order = make_order(stocked(1))
    cancel_order(order=order.public_id, now=clock.now(), acting="guest")
    assert query_payments(now=clock.now()) == 1
    payment = payment_of(order)
    assert (payment.state, payment.not_before) == (PaymentState.CLOSED, None)
    assert gateway.truth(number=payment.number)["payments"][0]["status"] == "CLOSED"


def test_without_an_answer_closing_is_tried_again() -> None:
    order = make_order(stocked(1))
    cancel_order(order=order.public_id, now=clock.now(), acting="guest")
    assert query_payments(now=clock.now()) == 1
    payment = payment_of(order)
    assert payment.state == PaymentState.SUBMITTED
    assert payment.not_before is not None
    assert payment.not_before > clock.now()


def test_money_that_was_there_before_the_close_is_not_lost(gateway: Gateway, settings: Any) -> None:
    """The notice never came, the order expired, and the close is refused: it was paid."""
    settings.ORDER_HOLD_SECONDS = 8
    order = make_order(stocked(1))
    url = start_payment(order=order.public_id, provider="localpay", now=clock.now(), acting="guest")
    gateway.control("fault", op="notice", fault="none", times=None)
    gateway.pay(payment_of(order).number, url=url, wait=0)
    assert expire_order(order=order.public_id, now=order.expires_at)
    assert query_payments(now=order.expires_at) == 1
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    relay_all()
    assert check_all(now=clock.now(), grace=0) == []


def test_a_payment_without_any_notice_is_found_by_asking(gateway: Gateway) -> None:
    order = make_order(stocked(1))
    url = start_payment(order=order.public_id, provider="localpay", now=clock.now(), acting="guest")
    gateway.control("fault", op="notice", fault="none", times=None)
    gateway.pay(payment_of(order).number, url=url, wait=0)
    assert query_payments(now=clock.now()) == 0
    assert query_payments(now=clock.now() + timedelta(seconds=61)) == 1
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED


@pytest.mark.parametrize(
    "fault", ["drop_before", "drop_after", "error_after", "half_body", "bad_signature",
              "wrong_nonce", "stale_reply", "not_json", "empty", "rate_limited", "redirect"],
)  # fmt: skip
def test_an_answer_that_cannot_be_believed_decides_nothing(gateway: Gateway, fault: str) -> None:
    order = make_order(stocked(1))
    url = start_payment(order=order.public_id, provider="localpay", now=clock.now(), acting="guest")
    gateway.control("fault", op="notice", fault="none", times=None)
    gateway.pay(payment_of(order).number, url=url, wait=0)
    gateway.control("fault", op="query", fault=fault, times=1)
    later = clock.now() + timedelta(seconds=61)
    assert query_payments(now=later) == 1
    order.refresh_from_db()
    assert (order.state, payment_of(order).state) == ("pending_payment", "submitted")
    query_payments(now=later + timedelta(minutes=2))
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED


def test_the_ladder_asks_at_its_rungs_and_at_expiry() -> None:
    order = make_order(stocked(1))
    start, asked = order.created_at, []
    at: datetime | None = first_query_at(now=start)
    while at is not None:
        asked.append(round((at - start).total_seconds()))
        at = next_query_at(created_at=start, expires_at=order.expires_at, now=at)
    assert asked == [60, 180, 600, 900, 1800]
    pay(order)
    assert payment_of(order).not_before is None
