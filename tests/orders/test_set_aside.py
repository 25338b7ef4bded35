"""Money that does not fit its payment: one visible fact, asked about rarely, settled by two persons."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core import approvals, clock
from core.approvals import StalePayload
from core.health import QUEUES, queue_states
from core.invariants import check_all
from core.models import Approval, AuditEntry, Journal
from orders.models import Notice, Order, Payment
from orders.services.query_payment import query_payments
from orders.services.start_payment import start_payment
from orders.services.two_persons import request_confirmation, request_settlement
from orders.states import OrderState, PaymentState
from simulators.localpay.script import Gateway
from tests.factories.accounts import make_staff
from tests.factories.orders import make_order, notice_body, pay, payment_of, relay_all, stocked

pytestmark = pytest.mark.django_db


def waiting() -> int:
    """What the health page counts."""
    title = QUEUES.get("orders.aside").title
    (state,) = [one for one in queue_states(now=clock.now()) if one.title == title]
    return state.waiting


def paid_at_the_gateway(gateway: Gateway, **ours: Any) -> Order:
    """The provider has the money and no notice came; what we expect of it is not that."""
    order = make_order(stocked(1))
    url = start_payment(order=order.public_id, provider="localpay", now=clock.now(), acting="guest")
    gateway.control("fault", op="notice", fault="none", times=None)
    gateway.pay(payment_of(order).number, url=url, wait=0)
    Payment.objects.filter(order=order).update(**ours)
    return order


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [({"amount_minor": 9849}, "wrong_amount"), ({"currency": "USD"}, "wrong_currency")],
)
def test_a_success_that_does_not_fit_is_set_aside_once_and_asked_about_rarely(
    gateway: Gateway, ours: dict[str, Any], verdict: str
) -> None:
    order = paid_at_the_gateway(gateway, **ours)
    later = clock.now() + timedelta(seconds=61)
    assert query_payments(now=later) == 1
    fact = Notice.objects.get()
    assert (fact.verdict, fact.outcome, fact.amount_minor) == (verdict, "quarantined", 9850)
    payment = payment_of(order)
    assert payment.state == PaymentState.UNKNOWN
    assert payment.not_before == later + timedelta(hours=1)
    assert query_payments(now=later + timedelta(minutes=59)) == 0
    assert query_payments(now=later + timedelta(minutes=61)) == 1
    assert (Notice.objects.count(), waiting()) == (1, 1)
    assert not Journal.objects.filter(kind__startswith="payment").exists()


def test_a_transaction_of_another_payment_is_set_aside(gateway: Gateway) -> None:
    order = paid_at_the_gateway(gateway)
    txn = gateway.truth(number=payment_of(order).number)["payments"][0]["txn"]
    pay(make_order(stocked(1)), txn=txn)
    assert query_payments(now=clock.now() + timedelta(seconds=61)) == 1
    assert Notice.objects.get().verdict == "used_txn"
    assert payment_of(order).state == PaymentState.UNKNOWN


def tell(order: Order, **changes: Any) -> bytes:
    body = notice_body(payment_of(order), **changes)
    form = "application/x-www-form-urlencoded"
    return Client().post("/pay/localpay/notice/", body, content_type=form).content


def test_a_payment_charged_twice_is_set_aside_once() -> None:
    order = make_order(stocked(1))
    tell(order)
    for _ in range(2):
        assert tell(order, txn="TSECOND") == b"success"
    outcomes = list(Notice.objects.order_by("id").values_list("verdict", "outcome"))
    assert outcomes == [
        ("genuine", "applied"), ("genuine", "ignored"), ("second_txn", "quarantined"),
        ("genuine", "ignored"),
    ]  # fmt: skip
    fact = Notice.objects.get(verdict="second_txn")
    assert (fact.provider_txn, fact.amount_minor, waiting()) == ("TSECOND", 9850, 1)
    assert Journal.objects.filter(kind="payment.succeeded").count() == 1
    relay_all()
    assert check_all(now=clock.now()) == []


def test_two_persons_settle_it() -> None:
    order = make_order(stocked(1))
    tell(order)
    tell(order, txn="TSECOND")
    fact = Notice.objects.get(verdict="second_txn")
    asked = request_settlement(
        notice=fact.public_id, reference="RF1", reason="sent back",
        by=make_staff("finance").public_id, now=clock.now(),
    )  # fmt: skip
    second = make_staff("finance").public_id
    approvals.decide(approval_id=asked.public_id, by=second, agree=True, now=clock.now())
    fact.refresh_from_db()
    assert (fact.outcome, waiting()) == ("settled", 0)
    entry = AuditEntry.objects.get(tag="payment:settled_aside")
    assert (entry.after or {})["reference"] == "RF1"
    with pytest.raises(Notice.DoesNotExist):
        request_settlement(
            notice=fact.public_id, reference="RF1", reason="again", by=second, now=clock.now()
        )


def test_what_was_settled_meanwhile_is_not_settled_again() -> None:
    order = make_order(stocked(1))
    tell(order)
    tell(order, txn="TSECOND")
    fact = Notice.objects.get(verdict="second_txn")
    asked = request_settlement(
        notice=fact.public_id, reference="RF1", reason="sent back",
        by=make_staff("finance").public_id, now=clock.now(),
    )  # fmt: skip
    Notice.objects.filter(pk=fact.pk).update(outcome="settled")
    with pytest.raises(StalePayload):
        approvals.decide(
            approval_id=asked.public_id, by=make_staff("finance").public_id, agree=True,
            now=clock.now(),
        )  # fmt: skip


def confirm_by_hand(order: Order, reference: str) -> None:
    asked = request_confirmation(
        payment=payment_of(order).public_id, reference=reference, reason="asked the provider",
        by=make_staff("finance").public_id, now=clock.now(),
    )  # fmt: skip
    approvals.decide(
        approval_id=asked.public_id, by=make_staff("finance").public_id, agree=True,
        now=clock.now(),
    )  # fmt: skip
    order.refresh_from_db()


def test_confirming_by_hand_settles_what_was_said_otherwise() -> None:
    order = make_order(stocked(1))
    tell(order, amount_minor="1")
    assert waiting() == 1
    confirm_by_hand(order, "BANK1")
    assert (order.state, waiting()) == (OrderState.DELIVERED, 0)


@pytest.mark.parametrize(("reference", "aside"), [("T9", 0), ("BANK1", 1)])
def test_the_notice_after_a_confirmation_by_hand_is_the_same_money_only_by_its_reference(
    reference: str, aside: int
) -> None:
    order = make_order(stocked(1))
    confirm_by_hand(order, reference)
    assert tell(order, txn="T9") == b"success"
    assert waiting() == aside


def test_a_person_asks_for_it_in_the_back_office() -> None:
    order = make_order(stocked(1))
    tell(order, amount_minor="1")
    fact = Notice.objects.get()
    client = Client()
    client.force_login(make_staff("finance"))
    page = client.get(f"/admin/orders/notice/{fact.pk}/settle/")
    assert page.status_code == 200
    data = {"reference": "RF1", "reason": "sent back"}
    assert client.post(f"/admin/orders/notice/{fact.pk}/settle/", data).status_code == 302
    assert Approval.objects.get(action="orders.settle_notice").subject == fact.public_id
