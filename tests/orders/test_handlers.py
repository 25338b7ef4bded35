"""What orders do when the floors below, or they themselves, tell of something."""

from datetime import timedelta

import pytest
from django.core import mail

from accounts.models import Message
from core import clock, outbox
from core.invariants import check_all
from core.ledger import balance
from core.tx import step
from fulfillment.events import Delivered, DeliveryRevoked, SupplyFailed
from fulfillment.models import Delivery
from orders.models import Cart, Order, Refund
from orders.services.fill_waits import fill_all_waits
from orders.services.save_cart import add_to_cart, forget_carts
from orders.services.tell_buyer import resend_link
from orders.states import OrderState
from tests.factories.catalog import channel, make_sku
from tests.factories.orders import item, make_order, make_paid, pay, place, relay_all, stocked

pytestmark = pytest.mark.django_db


def topup(units: int = 1) -> Order:
    return make_paid(make_sku(kind="topup", price_minor=1990), units)


def unit_of(order: Order) -> Delivery:
    unit = Delivery.objects.filter(reference=order.public_id).first()
    assert unit is not None
    return unit


def tell_delivered(order: Order, unit: Delivery) -> None:
    now = clock.now()
    Delivery.objects.filter(pk=unit.pk).update(state="delivered", delivered_at=now)
    with step():
        event = Delivered(
            order.public_id, unit.line, unit.public_id, unit.unit, unit.sku_id, "main", "", 0, "CNY"
        )
        outbox.publish(event, now=now)


def test_a_delivered_unit_completes_its_order_once() -> None:
    order = topup()
    unit = unit_of(order)
    tell_delivered(order, unit)
    tell_delivered(order, unit)
    relay_all()
    order.refresh_from_db()
    assert (order.state, order.lines.get().delivered) == (OrderState.DELIVERED, 1)
    assert balance("revenue", subject=order.public_id) == -1990


def test_a_unit_that_cannot_be_had_is_refunded() -> None:
    order = topup(2)
    unit = unit_of(order)
    Delivery.objects.filter(pk=unit.pk).update(state="failed")
    with step():
        event = SupplyFailed(order.public_id, unit.line, unit.public_id, unit.unit, "no_stock")
        outbox.publish(event, now=clock.now())
    relay_all()
    refund = Refund.objects.get(order=order)
    assert (refund.amount_minor, refund.lines.get().delivery) == (1990, unit.public_id)
    order.refresh_from_db()
    assert order.state == OrderState.FULFILLING


def test_a_unit_taken_back_is_refunded() -> None:
    order = topup()
    unit = unit_of(order)
    tell_delivered(order, unit)
    relay_all()
    Delivery.objects.filter(pk=unit.pk).update(state="revoked")
    for _ in range(2):
        with step():
            event = DeliveryRevoked(
                order.public_id, unit.line, unit.public_id, unit.unit, "reversed"
            )
            outbox.publish(event, now=clock.now())
    relay_all()
    refund = Refund.objects.get(order=order)
    assert refund.amount_minor == 1990
    assert balance("revenue", subject=order.public_id) == 0
    assert balance("order_obligation", subject=order.public_id) == 0
    assert balance("refund_payable", subject=order.public_id) == -1990
    ids = {v.invariant.id for v in check_all(now=clock.now(), grace=1)}
    assert ids & {"INV-L6", "INV-D8", "INV-D20", "INV-O23", "INV-P3"} == set()


def test_facts_about_other_references_are_not_ours() -> None:
    with step():
        event = Delivered("ent_X", "l", "dlv_X", 1, 1, "main", "", 0, "CNY")
        outbox.publish(event, now=clock.now())
    relay_all()


def test_the_link_is_mailed_once_and_holds_no_code() -> None:
    placed = place(item(stocked(1)), contact="me@example.com")
    order = Order.objects.get(public_id=placed.order)
    pay(order)
    relay_all()
    relay_all()
    assert [message.to for message in mail.outbox] == [["me@example.com"]]
    body = mail.outbox[0].body
    assert f"/orders/{placed.order}/?t={placed.token}" in body
    assert placed.secret in body
    assert "SECRET-" not in body
    assert placed.token.encode() not in bytes(Message.objects.get().sealed)


def test_phones_get_a_text() -> None:
    order = make_order(stocked(1), contact_kind="phone", contact="13800138000")
    pay(order)
    relay_all()
    assert Message.objects.get().kind == "sms"


def test_an_operator_sends_the_link_again() -> None:
    order = make_paid(stocked(1), contact="me@example.com")
    assert resend_link(order=order.public_id, now=clock.now(), acting="user:usr_X")
    relay_all()
    assert len(mail.outbox) == 2


def test_waits_are_filled_although_nobody_told_of_stock() -> None:
    from fulfillment.models import Code
    from tests.factories.fulfillment import import_file, make_file

    order = make_order(stocked(1))
    Code.objects.filter(held_by=order.public_id).update(
        state="available", held_by="", held_line="", held_until=None
    )
    Code.objects.filter(state="available").update(state="quarantined")
    pay(order)
    assert fill_all_waits(now=clock.now()) == 0
    import_file(order.lines.get().sku, make_file(1))
    assert fill_all_waits(now=clock.now()) == 1


def test_old_carts_are_forgotten() -> None:
    sku, now = stocked(1), clock.now()
    add_to_cart(token="", channel=channel(), user_id=None, item=item(sku), now=now)
    assert forget_carts(now=now) == 0
    forget_carts(now=now + timedelta(days=31))
    assert not Cart.objects.exists()
