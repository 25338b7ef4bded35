"""Things that cross each other: an event and a person, a worker and its double, an old answer and a new try."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from core import clock, outbox
from core.invariants import check_all
from core.ledger import balance
from core.models import LimitCount, OutboxEvent
from core.tx import step
from fulfillment.events import Delivered, DeliveryRevoked, SupplyFailed
from fulfillment.models import Delivery
from fulfillment.services.retry_delivery import retry_delivery
from orders import tasks
from orders.models import Notice, Order, OrderLine, Refund
from orders.payments.base import RefundAnswer, Return
from orders.services.close_order import cancel_order, expire_order, expire_orders
from orders.services.process_notices import process_notices
from orders.services.push_refund import push_refunds, record_refund_answer
from orders.services.request_refund import NothingToRefund, request_refund
from orders.services.retry_refund import retry_refund
from orders.services.start_payment import page_of, pay_address, start_payment
from orders.states import OrderState, RefundState
from tests.factories.catalog import make_sku
from tests.factories.orders import make_order, make_paid, payment_of, relay_all, stocked

pytestmark = pytest.mark.django_db


def topup(units: int = 1, **fields: Any) -> Order:
    return make_paid(make_sku(kind="topup", price_minor=1000, cost_minor=1, **fields), units)


def units_of(order: Order) -> list[Delivery]:
    return list(Delivery.objects.filter(reference=order.public_id).order_by("unit"))


def fail(order: Order, unit: Delivery) -> None:
    """The supplier says no; the fact is written, nobody has heard it yet."""
    with step():
        Delivery.objects.filter(pk=unit.pk).update(state="failed", not_before=None)
        event = SupplyFailed(order.public_id, unit.line, unit.public_id, unit.unit, "no_stock")
        outbox.publish(event, now=clock.now())


def deliver(order: Order, unit: Delivery) -> None:
    now = clock.now()
    with step():
        Delivery.objects.filter(pk=unit.pk).update(state="delivered", delivered_at=now)
        event = Delivered(
            order.public_id, unit.line, unit.public_id, unit.unit, unit.sku_id, "main", "", 0, "CNY"
        )
        outbox.publish(event, now=now)


def counts(order: Order) -> tuple[str, int, int, int]:
    order.refresh_from_db()
    line = order.lines.get()
    return (order.state, line.delivered, line.gone, line.failed)


def ask(order: Order) -> Refund | None:
    return request_refund(order=order.public_id, now=clock.now(), acting="user:usr_X", reason="x")


def test_a_failed_unit_that_was_refunded_before_its_fact_was_told_counts_once() -> None:
    order = topup(2)
    first, second = units_of(order)
    Delivery.objects.filter(pk=second.pk).update(state="dispatched")
    fail(order, first)
    ask(order)
    relay_all()
    assert counts(order) == ("fulfilling", 0, 1, 0)
    deliver(order, second)
    relay_all()
    assert counts(order) == ("partially_delivered", 1, 1, 0)
    assert balance("order_obligation", subject=order.public_id) == 0
    assert balance("revenue", subject=order.public_id) == -1000


def test_a_unit_started_over_before_its_failure_was_told_still_completes_its_order() -> None:
    order = topup()
    (unit,) = units_of(order)
    fail(order, unit)
    retry_delivery(delivery_id=unit.public_id, by="user:usr_X", note="again", now=clock.now())
    Delivery.objects.filter(pk=unit.pk).update(state="dispatched")
    relay_all()
    assert counts(order) == ("fulfilling", 0, 0, 0)
    deliver(order, unit)
    relay_all()
    assert counts(order) == ("delivered", 1, 0, 0)
    assert balance("order_obligation", subject=order.public_id) == 0


def test_a_free_unit_goes_back_once() -> None:
    order = make_order(make_sku(kind="topup", price_minor=0, cost_minor=0), 2)
    start_payment(order=order.public_id, provider="free", now=clock.now(), acting="guest")
    _first, second = units_of(order)
    Delivery.objects.filter(pk=second.pk).update(state="dispatched")
    ask(order)
    with pytest.raises(NothingToRefund):
        ask(order)
    assert counts(order) == ("fulfilling", 0, 1, 0)


def test_an_answer_about_an_old_refund_number_says_nothing_of_the_new_one() -> None:
    order = topup()
    refund = ask(order)
    assert refund is not None
    push_refunds(now=clock.now())
    no = RefundAnswer(Return.FAILED, why="refused")
    record_refund_answer(refund=refund.public_id, number=refund.number, answer=no, now=clock.now())
    assert retry_refund(refund=refund.public_id, now=clock.now(), acting="user:usr_X")
    push_refunds(now=clock.now() + timedelta(seconds=1))
    record_refund_answer(refund=refund.public_id, number=refund.number, answer=no, now=clock.now())
    old, refund = refund, Refund.objects.get(pk=refund.pk)
    assert refund.number != old.number
    assert refund.state == RefundState.SUBMITTED
    assert not retry_refund(refund=refund.public_id, now=clock.now(), acting="user:usr_X")


def broken(order: Order) -> Order:
    """An order whose budgets can not be given back: more than was ever taken."""
    LimitCount.objects.create(key=f"limit:test:{order.pk}", window=0, used=1)
    Order.objects.filter(pk=order.pk).update(
        budgets=[{"key": f"limit:test:{order.pk}", "units": 5}]
    )
    return order


def test_one_bad_order_does_not_keep_the_others_open() -> None:
    bad, good = broken(make_order(stocked(1))), make_order(stocked(1))
    after = max(bad.expires_at, good.expires_at) + timedelta(seconds=1)
    with pytest.raises(IntegrityError):
        expire_order(order=bad.public_id, now=after)
    assert expire_orders(now=after) == 1
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.state, bad.state) == (OrderState.CLOSED, OrderState.PENDING_PAYMENT)


def test_one_bad_part_does_not_keep_the_sweep_from_the_rest() -> None:
    Notice.objects.create(
        provider="gone", dedupe="id:1", received_at=clock.now() - timedelta(hours=1), ip="10.0.0.1",
        size=1, body=b"x", headers={}, verified=True, verdict="genuine", outcome="pending",
    )  # fmt: skip
    order = make_order(stocked(1))
    try:
        clock.move((order.expires_at - clock.now()).total_seconds() + 1)
        tasks.sweep()
    finally:
        clock.reset()
    order.refresh_from_db()
    assert order.state == OrderState.CLOSED
    assert process_notices(now=clock.now()) == 0


def test_a_unit_that_counted_as_failed_and_came_after_all_completes_its_order() -> None:
    order = topup()
    (unit,) = units_of(order)
    OrderLine.objects.filter(order=order).update(failed=1)
    deliver(order, unit)
    relay_all()
    assert counts(order) == ("delivered", 1, 0, 0)
    assert balance("order_obligation", subject=order.public_id) == 0


def test_a_unit_taken_back_before_its_delivery_was_told_is_refunded_in_the_end() -> None:
    order = topup()
    (unit,) = units_of(order)
    now = clock.now()
    with step():
        Delivery.objects.filter(pk=unit.pk).update(state="delivered", delivered_at=now)
        Delivery.objects.filter(pk=unit.pk).update(state="revoked", revoked_at=now)
        outbox.publish(
            DeliveryRevoked(order.public_id, unit.line, unit.public_id, unit.unit, "reversed"),
            now=now,
        )
    relay_all()
    assert Refund.objects.count() == 0
    with step():
        event = Delivered(
            order.public_id, unit.line, unit.public_id, unit.unit, unit.sku_id, "main", "", 0, "CNY"
        )
        outbox.publish(event, now=now)
    relay_all()
    OutboxEvent.objects.filter(done_at=None).update(not_before=now)
    relay_all()
    assert counts(order) == ("delivered", 0, 1, 0)
    assert Refund.objects.get().amount_minor == 1000
    assert balance("order_obligation", subject=order.public_id) == 0
    assert balance("revenue", subject=order.public_id) == 0


def test_a_free_order_that_is_closed_stays_closed() -> None:
    order = make_order(make_sku(kind="topup", price_minor=0, cost_minor=0))
    page = page_of(order, payment_of(order))
    cancel_order(order=order.public_id, now=clock.now(), acting="guest")
    pay_address(page, now=clock.now())
    assert counts(order) == ("closed", 0, 0, 0)
    assert not units_of(order)
    relay_all()
    assert check_all(now=clock.now(), grace=0) == []
