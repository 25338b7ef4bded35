"""Orders make their owner's level grow: exactly once, and what goes back is taken back."""

from typing import Any

import pytest

from accounts.models import GrowthEntry, Membership, User
from core import clock, invariants, outbox
from core.tx import step
from fulfillment.models import Code
from orders.events import OrderCompleted, OrderRefunded
from orders.models import Order
from orders.services.attach_order import attach_order
from orders.services.request_refund import Unit, open_delivered_refund, request_refund
from tests.factories.accounts import make_user
from tests.factories.levels import make_levels
from tests.factories.orders import item, make_paid, order_of, pay, place, relay_all, stocked

pytestmark = pytest.mark.django_db


def mine(user: User, **changes: Any) -> dict[str, Any]:
    """Placed while signed in."""
    return {"user_id": user.pk, "owner": user.public_id, **changes}


def growth(user: User) -> int:
    found = Membership.objects.filter(user=user).first()
    return found.growth if found else 0


def test_a_delivered_order_counts_once_however_often_it_is_told() -> None:
    make_levels()
    user = make_user(email="a@example.com")
    order = make_paid(stocked(3, price_minor=30_000), 2, **mine(user))
    relay_all()
    assert growth(user) == 600
    for _again in range(3):
        with step():
            outbox.publish(
                OrderCompleted(order.public_id, order.channel_code, order.owner, order.state)
            )
        relay_all()
    assert growth(user) == 600
    assert GrowthEntry.objects.filter(user=user).count() == 1
    assert Membership.objects.get(user=user).rank == 2
    assert not invariants.check_all(now=clock.now(), only="INV-U1")


def test_guests_and_unpaid_orders_grow_nothing() -> None:
    user = make_user(email="a@example.com")
    sku = stocked(3, price_minor=30_000)
    make_paid(sku)
    order_of(place(item(sku), **mine(user)))
    relay_all()
    assert not GrowthEntry.objects.exists()


def test_what_was_never_delivered_and_paid_back_grows_nothing() -> None:
    make_levels()
    user = make_user(email="a@example.com")
    order = order_of(place(item(stocked(1, price_minor=30_000)), **mine(user)))
    # The unit is gone when the money comes: the order waits, and is refunded.
    held = Code.objects.filter(held_by=order.public_id)
    held.update(state="available", held_by="", held_line="", held_until=None)
    Code.objects.filter(state="available").update(state="quarantined")
    pay(order)
    request_refund(order=order.public_id, now=clock.now(), acting="system", reason="test")
    relay_all()
    assert growth(user) == 0


def test_money_that_goes_back_takes_its_growth_back() -> None:
    make_levels()
    user = make_user(email="a@example.com")
    order = make_paid(stocked(3, price_minor=30_000), 2, **mine(user))
    relay_all()
    assert growth(user) == 600
    refund_one(order)
    assert growth(user) == 300
    assert Membership.objects.get(user=user).rank == 1
    relay_all()
    assert growth(user) == 300


def refund_one(order: Order) -> None:
    """One delivered unit's money goes back, as two persons would let it."""
    line = order.lines.get()
    with step():
        refund = open_delivered_refund(
            order=order, payment=order.payments.get(), units=[Unit(line, 1, "dlv_x", 30_000)],
            approval="apr_x", reason="test", by="user:usr_X", now=clock.now(),
        )  # fmt: skip
        assert refund is not None
        outbox.publish(OrderRefunded(order.public_id, refund.public_id, 30_000, "CNY", full=False))
    relay_all()


def test_an_order_that_joins_an_account_counts_from_then_on() -> None:
    make_levels()
    user = make_user(email="late@example.com")
    placed = place(item(stocked(1, price_minor=30_000)), contact="late@example.com")
    pay(order_of(placed))
    relay_all()
    assert growth(user) == 0
    for _twice in range(2):
        attach_order(order=placed.order, user=user, now=clock.now(), token=placed.token)
    assert growth(user) == 300
