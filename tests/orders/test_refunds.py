"""Money goes back: what was not delivered, never more than was paid, once at the provider."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from core import clock
from core.invariants import check_all
from core.ledger import balance
from core.tx import step
from fulfillment.models import Code, Delivery
from fulfillment.services.cancel_delivery import cancel_delivery
from orders.models import Notice, Order, OrderLine, Refund, RefundLine
from orders.services.book_asides import book_asides
from orders.services.complete_line import complete_line, fail_line
from orders.services.push_refund import push_refunds
from orders.services.request_refund import NothingToRefund, request_refund
from orders.services.retry_refund import retry_refund
from orders.services.start_payment import start_payment
from orders.states import OrderState, RefundState
from simulators.localpay.script import Gateway
from tests.factories.catalog import make_sku
from tests.factories.orders import (
    make_order,
    make_paid,
    notice_body,
    pay,
    payment_of,
    relay_all,
    stocked,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(gateway: Gateway) -> Order:
    """Three units for 10.00 that a supplier still owes, paid at a real gateway."""
    return paid_at(gateway, make_order(make_sku(kind="topup", price_minor=1000, cost_minor=1), 3))


def paid_at(gateway: Gateway, order: Order) -> Order:
    url = start_payment(order=order.public_id, provider="localpay", now=clock.now(), acting="guest")
    gateway.control("fault", op="notice", fault="none", times=None)
    gateway.pay(payment_of(order).number, url=url, wait=0)
    pay(order)
    order.refresh_from_db()
    return order


def ask(order: Order, **changes: object) -> Refund:
    refund = request_refund(
        order=order.public_id, now=clock.now(), acting="guest", reason="test",
        **changes,  # type: ignore[arg-type]
    )  # fmt: skip
    assert refund is not None
    return refund


def test_everything_undelivered_goes_back(paid: Order, gateway: Gateway) -> None:
    refund = ask(paid)
    paid.refresh_from_db()
    assert (refund.amount_minor, refund.state, paid.state) == (3000, "approved", "failed")
    assert balance("order_obligation", subject=paid.public_id) == 0
    assert balance("refund_payable", subject=paid.public_id) == -3000
    assert push_refunds(now=clock.now()) == 1
    refund.refresh_from_db()
    paid.refresh_from_db()
    assert (refund.state, paid.state) == (RefundState.SUCCEEDED, OrderState.REFUNDED)
    assert balance("refund_payable", subject=paid.public_id) == 0
    assert balance("psp_clearing:localpay", subject=paid.public_id) == 0
    truth = gateway.truth(number=payment_of(paid).number)
    assert [r["amount_minor"] for r in truth["refunds"]] == [3000]
    relay_all()
    assert check_all(now=clock.now(), grace=0) == []


def test_one_unit_goes_back_the_others_come(paid: Order, gateway: Gateway) -> None:
    first, *others = Delivery.objects.filter(reference=paid.public_id).order_by("unit")
    refund = ask(paid, deliveries=[first.public_id])
    assert refund.amount_minor == 1000
    paid.refresh_from_db()
    assert paid.state == OrderState.FULFILLING
    for unit in others:
        _deliver(paid, unit)
    push_refunds(now=clock.now())
    paid.refresh_from_db()
    assert paid.state == OrderState.PARTIALLY_DELIVERED
    assert balance("revenue", subject=paid.public_id) == -2000
    assert balance("order_obligation", subject=paid.public_id) == 0


def _deliver(order: Order, unit: Delivery) -> None:
    now = clock.now()
    Delivery.objects.filter(pk=unit.pk).update(state="delivered", delivered_at=now)
    with step():
        assert complete_line(
            order=order.public_id, line=unit.line, delivery=unit.public_id, unit=unit.unit, now=now,
            acting="system",
        )  # fmt: skip


def test_a_unit_is_refunded_once(paid: Order) -> None:
    ask(paid)
    with pytest.raises(NothingToRefund):
        ask(paid)
    assert Refund.objects.count() == 1
    assert RefundLine.objects.count() == 3


def test_delivered_goods_do_not_go_back_alone() -> None:
    order = make_paid(stocked(1))
    with pytest.raises(NothingToRefund):
        ask(order)


def test_a_unit_that_a_supplier_works_on_stays(paid: Order) -> None:
    Delivery.objects.filter(reference=paid.public_id).update(state="dispatched")
    with pytest.raises(NothingToRefund):
        ask(paid)
    paid.refresh_from_db()
    assert paid.state == OrderState.FULFILLING


def test_a_unit_that_cannot_be_had_goes_back_by_itself(paid: Order, gateway: Gateway) -> None:
    for unit in Delivery.objects.filter(reference=paid.public_id):
        Delivery.objects.filter(pk=unit.pk).update(state="failed")
        with step():
            assert fail_line(
                order=paid.public_id, line=unit.line, delivery=unit.public_id, reason="no_stock",
                now=clock.now(),
            )  # fmt: skip
    paid.refresh_from_db()
    line = paid.lines.get()
    assert (line.gone, line.failed, paid.state) == (3, 0, OrderState.FAILED)
    assert Refund.objects.filter(order=paid).count() == 3
    push_refunds(now=clock.now())
    paid.refresh_from_db()
    assert paid.state == OrderState.REFUNDED
    relay_all()
    assert check_all(now=clock.now(), grace=0) == []


def test_a_delivered_unit_is_counted_once(paid: Order) -> None:
    unit = Delivery.objects.filter(reference=paid.public_id).first()
    assert unit is not None
    OrderLine.objects.filter(order=paid).update(delivered=3)
    with step():
        assert not complete_line(
            order=paid.public_id, line=unit.line, delivery=unit.public_id, unit=1, now=clock.now(),
            acting="system",
        )  # fmt: skip


def test_the_provider_that_commits_and_drops_the_answer_pays_once(
    paid: Order, gateway: Gateway
) -> None:
    refund = ask(paid)
    gateway.control("fault", op="refund", fault="drop_after", times=1)
    push_refunds(now=clock.now())
    refund.refresh_from_db()
    assert refund.state == RefundState.UNKNOWN
    push_refunds(now=later(refund))
    refund.refresh_from_db()
    assert refund.state == RefundState.SUCCEEDED
    assert len(gateway.truth(number=payment_of(paid).number)["refunds"]) == 1


def later(refund: Refund) -> datetime:
    refund.refresh_from_db()
    assert refund.not_before is not None
    return refund.not_before + timedelta(seconds=1)


@pytest.mark.parametrize("fault", ["drop_before", "error_before", "rate_limited", "redirect"])
def test_a_refund_that_never_arrived_is_sent_again_with_its_number(
    paid: Order, gateway: Gateway, fault: str
) -> None:
    refund = ask(paid)
    number = refund.number
    gateway.control("fault", op="refund", fault=fault, times=1)
    push_refunds(now=clock.now())
    refund.refresh_from_db()
    assert refund.state == RefundState.UNKNOWN
    push_refunds(now=later(refund))
    refund.refresh_from_db()
    assert (refund.state, refund.number) == (RefundState.SUCCEEDED, number)


def test_an_unreachable_provider_loses_nothing(paid: Order, settings: object) -> None:
    refund = ask(paid)
    settings.LOCALPAY_URL = "http://127.0.0.1:9"  # type: ignore[attr-defined]
    push_refunds(now=clock.now())
    refund.refresh_from_db()
    assert refund.state == RefundState.SUBMITTED
    assert refund.not_before is not None


def test_a_refund_that_takes_time_is_asked_about(paid: Order, gateway: Gateway) -> None:
    refund = ask(paid)
    gateway.control("fault", op="refund", fault="async", times=1, seconds=600)
    push_refunds(now=clock.now())
    refund.refresh_from_db()
    assert refund.state == RefundState.PROCESSING
    gateway.finish_refund(refund.number)
    push_refunds(now=later(refund))
    refund.refresh_from_db()
    assert refund.state == RefundState.SUCCEEDED


def test_a_refused_refund_keeps_the_debt_until_a_person_sends_it_anew(
    paid: Order, gateway: Gateway
) -> None:
    refund = ask(paid)
    gateway.control("fault", op="refund", fault="async_fail", times=1, seconds=0)
    push_refunds(now=clock.now())
    for _ in range(5):
        refund.refresh_from_db()
        if refund.state == RefundState.FAILED:
            break
        push_refunds(now=later(refund))
    assert refund.state == RefundState.FAILED
    assert balance("refund_payable", subject=paid.public_id) == -3000
    first = refund.number
    assert retry_refund(refund=refund.public_id, now=clock.now(), acting="user:usr_X")
    push_refunds(now=clock.now())
    refund.refresh_from_db()
    assert refund.state == RefundState.SUCCEEDED
    assert refund.number != first


def test_late_money_goes_back_and_ends_the_order(gateway: Gateway) -> None:
    from orders.services.close_order import cancel_order

    order = make_order(stocked(1))
    cancel_order(order=order.public_id, now=clock.now(), acting="guest")
    number = payment_of(order).number
    from orders.services.start_payment import page_of, pay_address

    gateway.control("fault", op="notice", fault="none", times=None)
    gateway.pay(number, url=pay_address(page_of(order, payment_of(order)), now=clock.now()), wait=0)
    pay(order)
    push_refunds(now=clock.now())
    order.refresh_from_db()
    assert order.state == OrderState.REFUNDED
    assert balance("psp_clearing:localpay", subject=order.public_id) == 0
    assert Code.objects.filter(state="available").count() == 1
    relay_all()
    assert check_all(now=clock.now(), grace=0) == []


def test_free_units_go_back_without_money() -> None:
    order = make_order(make_sku(kind="topup", price_minor=0, cost_minor=0))
    start_payment(order=order.public_id, provider="free", now=clock.now(), acting="guest")
    assert (
        request_refund(order=order.public_id, now=clock.now(), acting="guest", reason="x") is None
    )
    order.refresh_from_db()
    assert order.state == OrderState.REFUNDED
    assert not cancel_or_none(order)


def cancel_or_none(order: Order) -> bool:
    """A cancelled unit stays cancelled."""
    unit = Delivery.objects.get(reference=order.public_id)
    assert unit.canceled_at is not None
    with step():
        cancel_delivery(delivery=unit.public_id, now=clock.now(), by="guest", why="again")
    return Delivery.objects.get(pk=unit.pk).state != "failed"


def test_a_notice_ends_a_refund(paid: Order, gateway: Gateway) -> None:
    refund = ask(paid)
    gateway.control("fault", op="refund", fault="async", times=1, seconds=600)
    push_refunds(now=clock.now())
    payment = payment_of(paid)
    said: dict[str, Any] = {
        "service": "refund.notice", "refund_number": refund.number, "refund_txn": "RT1",
        "amount_minor": str(refund.amount_minor), "status": "REFUND_SUCCESS",
    }  # fmt: skip
    form = "application/x-www-form-urlencoded"
    wrong = notice_body(payment, **said | {"amount_minor": "1"})
    assert Client().post("/pay/localpay/notice/", wrong, content_type=form).status_code == 200
    refund.refresh_from_db()
    assert refund.state == RefundState.UNKNOWN
    right = notice_body(payment, **said)
    assert Client().post("/pay/localpay/notice/", right, content_type=form).content == b"success"
    refund.refresh_from_db()
    assert (refund.state, refund.provider_txn) == (RefundState.SUCCEEDED, "RT1")


@pytest.mark.parametrize("wrong", [{}, {"number": "NOSUCHNUMBER1"}])
def test_a_notice_about_an_unknown_refund_is_set_aside_but_not_as_money_that_came(
    paid: Order, wrong: dict[str, str]
) -> None:
    """Found by a fault campaign: what left was booked as received."""
    said: dict[str, Any] = {
        "service": "refund.notice", "refund_number": "RNOBODY", "status": "REFUND_SUCCESS",
        "refund_txn": "RT9", "txn": "T9", **wrong,
    }  # fmt: skip
    before = balance("psp_clearing:localpay")
    body = notice_body(payment_of(paid), **said)
    form = "application/x-www-form-urlencoded"
    answer = Client().post("/pay/localpay/notice/", body, content_type=form)
    assert answer.status_code == (404 if wrong else 409)
    assert Notice.objects.latest("id").outcome == "quarantined"
    book_asides(now=clock.now())
    assert balance("psp_clearing:localpay") == before
    assert check_all(now=clock.now(), grace=0, only="INV-P8") == []
