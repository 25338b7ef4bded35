"""Paid orders that wait for stock: filled when it comes, refunded when it does not."""

from datetime import timedelta

import pytest

from core import clock
from core.invariants import check_all
from core.ledger import balance
from fulfillment.models import Code
from orders.models import Order, OrderWait
from orders.services.fill_waits import end_overdue_waits, fill_wait, fill_waits
from orders.services.push_refund import push_refunds
from orders.services.request_refund import request_refund
from orders.states import OrderState, WaitState
from tests.factories.fulfillment import import_file, make_file
from tests.factories.orders import make_order, pay, relay_all, stocked

pytestmark = pytest.mark.django_db


def waiting(units: int = 1) -> Order:
    """An order whose units were given away before its money came."""
    order = make_order(stocked(units), units)
    Code.objects.filter(held_by=order.public_id).update(
        state="available", held_by="", held_line="", held_until=None
    )
    Code.objects.filter(state="available").update(state="quarantined")
    pay(order)
    order.refresh_from_db()
    assert order.state == OrderState.WAITING_STOCK
    return order


def restock(order: Order, units: int = 1) -> None:
    import_file(order.lines.get().sku, make_file(units))


def test_new_stock_fills_it() -> None:
    order = waiting()
    restock(order)
    assert fill_waits(sku_id=order.lines.get().sku_id, now=clock.now()) == 1
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    assert OrderWait.objects.get().state == WaitState.FILLED
    assert balance("revenue", subject=order.public_id) == -9850
    relay_all()
    assert check_all(now=clock.now(), grace=0) == []


def test_too_little_stock_leaves_it_waiting() -> None:
    order = waiting(2)
    restock(order, 1)
    assert not fill_wait(order=order.public_id, now=clock.now())
    order.refresh_from_db()
    assert order.state == OrderState.WAITING_STOCK
    assert Code.objects.filter(state="held").count() == 0


def test_who_paid_first_is_served_first() -> None:
    first = waiting()
    second = make_order_of_same(first)
    restock(first)
    assert fill_waits(sku_id=first.lines.get().sku_id, now=clock.now()) == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("delivered", "waiting_stock")


def make_order_of_same(order: Order) -> Order:
    """Another buyer of the same good, who paid a moment later and was left short too."""
    sku = order.lines.get().sku
    restock(order)
    other = make_order(sku)
    Code.objects.filter(held_by=other.public_id).update(
        state="available", held_by="", held_line="", held_until=None
    )
    Code.objects.filter(state="available").update(state="quarantined")
    pay(other)
    return other


def test_at_its_deadline_the_money_goes_back() -> None:
    order = waiting()
    deadline = OrderWait.objects.get().deadline
    assert end_overdue_waits(now=deadline - timedelta(seconds=1)) == 0
    assert end_overdue_waits(now=deadline) == 1
    order.refresh_from_db()
    assert (order.state, OrderWait.objects.get().state) == ("failed", "expired")
    assert balance("refund_payable", subject=order.public_id) == -9850
    assert end_overdue_waits(now=deadline) == 0


def test_at_its_deadline_stock_that_is_there_is_used() -> None:
    order = waiting()
    restock(order)
    assert end_overdue_waits(now=OrderWait.objects.get().deadline) == 0
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED


def test_its_buyer_may_have_the_money_back_earlier() -> None:
    order = waiting()
    refund = request_refund(order=order.public_id, now=clock.now(), acting="guest", reason="x")
    assert refund is not None
    assert OrderWait.objects.get().state == WaitState.CANCELLED
    restock(order)
    assert not fill_wait(order=order.public_id, now=clock.now())
    assert push_refunds(now=clock.now()) == 1
