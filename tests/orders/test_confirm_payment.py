"""Money comes: on time, twice, late, short of stock, not fitting."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

from core import clock
from core.invariants import check_all
from core.ledger import balance
from core.models import Journal, OutboxEvent, StateChange
from core.models.counts import LimitCount
from fulfillment.models import Code, CodeIssue, Delivery, Entitlement
from orders.models import OrderLine, OrderWait, Payment, Refund
from orders.services.close_order import cancel_order, expire_order
from orders.services.confirm_payment import Mismatch, Result
from orders.services.limits import LimitReached
from orders.services.start_payment import start_payment
from orders.states import OrderState, PaymentState
from tests.factories.catalog import make_sku
from tests.factories.orders import (
    item,
    make_order,
    make_paid,
    order_of,
    pay,
    payment_of,
    place,
    receipt_of,
    relay_all,
    stocked,
)

pytestmark = pytest.mark.django_db


def test_pool_goods_are_delivered_with_the_money() -> None:
    order = make_order(stocked(3), 2)
    done = pay(order)
    order.refresh_from_db()
    payment = payment_of(order)
    assert (done.result, order.state) == (Result.PAID, OrderState.DELIVERED)
    assert (payment.state, payment.applied) == (PaymentState.SUCCEEDED, True)
    assert order.paid_at == order.completed_at is not None
    assert order.lines.get().delivered == 2
    assert CodeIssue.objects.count() == Entitlement.objects.count() == 2
    assert balance("psp_clearing:localpay", subject=order.public_id) == 19700
    assert balance("order_obligation", subject=order.public_id) == 0
    assert balance("revenue", subject=order.public_id) == -19700
    relay_all()
    assert check_all(now=clock.now(), grace=0) == []


def test_the_history_shows_each_step() -> None:
    order = make_paid(stocked(1))
    steps = StateChange.objects.filter(subject=order.public_id).order_by("id")
    assert list(steps.values_list("was", "became")) == [
        ("", "pending_payment"),
        ("pending_payment", "paid"),
        ("paid", "fulfilling"),
        ("fulfilling", "delivered"),
    ]


def test_it_tells_the_floors_above() -> None:
    order = make_paid(stocked(1))
    facts = OutboxEvent.objects.filter(payload__order=order.public_id)
    assert set(facts.values_list("topic", flat=True)) == {
        "orders.OrderPaid",
        "orders.OrderCompleted",
    }


def test_goods_of_suppliers_are_on_their_way() -> None:
    order = make_paid(make_sku(kind="topup", price_minor=1990))
    assert order.state == OrderState.FULFILLING
    assert Delivery.objects.get(reference=order.public_id).state == "pending"
    assert balance("order_obligation", subject=order.public_id) == -1990


def test_pool_and_supplier_goods_in_one_order() -> None:
    placed = place(item(stocked(1)), item(make_sku(kind="topup", price_minor=1990)))
    order = order_of(placed)
    pay(order)
    order.refresh_from_db()
    assert order.state == OrderState.FULFILLING
    assert [line.delivered for line in order.lines.all()] == [1, 0]
    assert balance("revenue", subject=order.public_id) == -9850


def test_the_same_success_again_changes_nothing() -> None:
    order = make_paid(stocked(1))
    journals = Journal.objects.count()
    assert pay(order).result == Result.ALREADY
    assert Journal.objects.count() == journals
    assert CodeIssue.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"amount_minor": 9849}, "wrong_amount"),
        ({"amount_minor": 9851}, "wrong_amount"),
        ({"currency": "USD"}, "wrong_currency"),
        ({"provider": "free"}, "wrong_provider"),
        ({"number": "P0"}, "unknown_number"),
    ],
)
def test_money_that_does_not_fit_is_not_taken(change: dict[str, Any], verdict: str) -> None:
    order = make_order(stocked(1))
    with pytest.raises(Mismatch) as caught:
        pay(order, **change)
    order.refresh_from_db()
    assert (caught.value.verdict, order.state) == (verdict, OrderState.PENDING_PAYMENT)
    assert not Journal.objects.filter(kind__startswith="payment").exists()


def test_a_second_payment_of_one_order_goes_back() -> None:
    order = make_order(stocked(1))
    first = payment_of(order)
    Payment.objects.filter(pk=first.pk).update(state=PaymentState.FAILED)
    start_payment(order=order.public_id, provider="localpay", now=clock.now(), acting="guest")
    second = payment_of(order)
    assert second.pk != first.pk
    assert pay(order).result == Result.PAID
    from orders.services.confirm_payment import confirm_payment

    late = confirm_payment(receipt=receipt_of(first), now=clock.now(), acting="provider:localpay")
    assert late.result == Result.DUPLICATE
    refund = Refund.objects.get()
    assert (refund.payment_id, refund.kind, refund.amount_minor) == (first.pk, "duplicate", 9850)
    assert balance("unallocated_receipts", subject=order.public_id) == 0
    assert balance("refund_payable", subject=order.public_id) == -9850
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED


def _closed(order: object, *, cancelled: bool = False) -> None:
    public_id = order.public_id  # type: ignore[attr-defined]
    now = order.expires_at  # type: ignore[attr-defined]
    if cancelled:
        assert cancel_order(order=public_id, now=now, acting="guest")
    else:
        assert expire_order(order=public_id, now=now)


def test_money_after_expiry_is_honoured_while_stock_is_there() -> None:
    order = make_order(stocked(1))
    _closed(order)
    done = pay(order, now=order.expires_at + timedelta(minutes=10))
    order.refresh_from_db()
    assert (done.result, order.state) == (Result.LATE_HONOURED, OrderState.DELIVERED)
    steps = StateChange.objects.filter(subject=order.public_id, was="closed")
    assert steps.get().became == "late_paid"
    assert balance("unallocated_receipts", subject=order.public_id) == 0
    assert balance("revenue", subject=order.public_id) == -9850
    relay_all()
    assert check_all(now=clock.now(), grace=0) == []


@pytest.mark.parametrize("why", ["too late", "no stock", "cancelled", "bought again"])
def test_other_money_after_closing_goes_back_in_full(why: str) -> None:
    sku = stocked(2 if why == "bought again" else 1)
    order = make_order(sku, contact="one@example.com")
    _closed(order, cancelled=why == "cancelled")
    now = order.expires_at + timedelta(seconds=1)
    if why == "too late":
        now += timedelta(seconds=settings.LATE_PAYMENT_SECONDS)
    elif why == "no stock":
        make_paid(sku)
    elif why == "bought again":
        make_paid(sku, contact="one@example.com")
    done = pay(order, now=now)
    order.refresh_from_db()
    assert (done.result, order.state) == (Result.LATE_REFUNDED, OrderState.LATE_PAID)
    refund = Refund.objects.get(order=order)
    assert (refund.kind, refund.amount_minor, refund.state) == ("late", 9850, "approved")
    assert balance("unallocated_receipts", subject=order.public_id) == 0
    assert balance("refund_payable", subject=order.public_id) == -9850
    assert not payment_of(order).applied
    assert not Delivery.objects.filter(reference=order.public_id).exists()


def _used() -> list[int]:
    return list(LimitCount.objects.filter(key__startswith="limit:").values_list("used", flat=True))


def test_late_money_takes_the_purchase_limit_again() -> None:
    order = make_order(stocked(2, limit_per_buyer=1), contact="one@example.com")
    _closed(order)
    assert _used() == [0]
    assert pay(order, now=order.expires_at).result == Result.LATE_HONOURED
    assert _used() == [1]
    with pytest.raises(LimitReached):
        make_order(order.lines.get().sku, contact="one@example.com")


def test_late_money_goes_back_where_its_purchase_limit_is_used_up_meanwhile() -> None:
    sku = stocked(2, limit_per_buyer=1)
    order = make_order(sku, contact="one@example.com")
    _closed(order)
    other = make_order(sku, contact="one@example.com")
    assert pay(order, now=order.expires_at).result == Result.LATE_REFUNDED
    assert Refund.objects.get(order=order).amount_minor == 9850
    assert _used() == [1]
    assert pay(other).result == Result.PAID


def test_late_money_that_finds_no_stock_gives_its_limit_back() -> None:
    sku = stocked(1, limit_per_buyer=1)
    order = make_order(sku, contact="one@example.com")
    _closed(order)
    make_paid(sku, contact="two@example.com")
    assert pay(order, now=order.expires_at).result == Result.LATE_REFUNDED
    assert sorted(_used()) == [0, 1]


def test_short_stock_at_payment_waits_with_a_deadline() -> None:
    order = make_order(stocked(1))
    Code.objects.filter(held_by=order.public_id).update(
        state="available", held_by="", held_line="", held_until=None
    )
    Code.objects.update(state="quarantined")
    pay(order)
    order.refresh_from_db()
    wait = OrderWait.objects.get(order=order)
    assert (order.state, wait.state) == (OrderState.WAITING_STOCK, "open")
    assert wait.sku_ids == [order.lines.get().sku_id]
    assert wait.deadline > clock.now() + timedelta(hours=23)
    assert OrderLine.objects.get(order=order).delivered == 0
    assert balance("order_obligation", subject=order.public_id) == -9850


def test_free_orders_take_the_same_road() -> None:
    order = make_order(stocked(1, price_minor=0))
    assert payment_of(order).provider == "free"
    start_payment(order=order.public_id, provider="free", now=clock.now(), acting="guest")
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    assert not Journal.objects.filter(kind="payment.succeeded").exists()
    relay_all()
    assert check_all(now=clock.now(), grace=0) == []


def test_a_free_order_cannot_be_paid_by_a_gateway_nor_the_other_way_round() -> None:
    from orders.services.start_payment import NotPayable

    order, free = make_order(stocked(1)), make_order(stocked(1, price_minor=0))
    for public_id, provider in ((order.public_id, "free"), (free.public_id, "localpay")):
        with pytest.raises(NotPayable):
            start_payment(order=public_id, provider=provider, now=clock.now(), acting="guest")


def test_budgets_come_back_with_the_payment() -> None:
    from risk.models import OpenBudget

    order = make_order(stocked(1))
    assert OpenBudget.objects.get(subject=order.public_id).given_back_at is None
    pay(order)
    assert OpenBudget.objects.get(subject=order.public_id).given_back_at is not None
