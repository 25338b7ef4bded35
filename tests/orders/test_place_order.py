"""Placing: one form, one order; nothing half done when something stands in the way."""

from typing import Any

import pytest

from catalog.states import WhoMayBuy
from core import clock
from core.invariants import check_all
from core.ledger import balance
from core.models import StateChange
from fulfillment.models import Code
from orders.models import Order, OrderLine, Payment
from orders.models.private import open_private, secret_hash, token_hash
from orders.services.place_order import (
    Consent,
    FormReused,
    LimitReached,
    NotBuyable,
    PriceChanged,
    Refused,
    SoldOut,
    place_order,
)
from orders.states import OrderState, PaymentState
from risk.models import Assessment
from tests.factories.catalog import make_price, make_sku
from tests.factories.orders import item, make_paid, order_of, place, relay_all, stocked, wanted

pytestmark = pytest.mark.django_db


def test_it_writes_order_lines_payment_and_history() -> None:
    sku, topup = stocked(3), make_sku(kind="topup", price_minor=1990)
    placed = place(item(sku, 2), item(topup))
    order = order_of(placed)
    assert order.state == OrderState.PENDING_PAYMENT
    assert (order.units, order.total_minor, order.currency) == (3, 2 * 9850 + 1990, "CNY")
    assert [line.quantity for line in order.lines.all()] == [2, 1]
    payment = Payment.objects.get(order=order)
    assert (payment.state, payment.amount_minor) == (PaymentState.SUBMITTED, order.total_minor)
    changes = StateChange.objects.filter(subject__in=[order.public_id, payment.public_id])
    assert list(changes.order_by("id").values_list("entity", "was", "became")) == [
        ("order", "", "pending_payment"),
        ("payment", "", "created"),
        ("payment", "created", "submitted"),
    ]
    assert Code.objects.filter(held_by=order.public_id).count() == 2
    assert balance("order_obligation", subject=order.public_id) == 0


def test_it_copies_the_promise_into_the_lines() -> None:
    sku = stocked(1)
    line = order_of(place(item(sku))).lines.get()
    sku.product.__class__.objects.filter(pk=sku.product_id).update(name="另一个")
    line.refresh_from_db()
    assert line.product_title != "另一个"
    assert line.product_title_en.startswith("Product")
    assert line.face["hue"] == 25
    assert line.adjustments == [
        {"key": "list_price", "params": {"list": "base"}, "amount_minor": 9850}
    ]


def test_it_seals_contact_and_recipient() -> None:
    topup = make_sku(kind="topup", price_minor=1990)
    placed = place(item(topup), contact="Somebody@Example.com")
    order = order_of(placed)
    private = open_private(order.public_id, order.private_sealed)
    assert private.contact == "somebody@example.com"
    assert order.contact_masked == "s***@example.com"
    assert (private.token, private.secret) == (placed.token, placed.secret)
    assert bytes(order.token_hash) == token_hash(placed.token)
    assert bytes(order.secret_hash) == secret_hash(order.public_id, placed.secret.lower())
    line = order.lines.get()
    assert line.target_masked == "138****8000"
    assert b"13800138000" not in bytes(line.target_sealed or b"")


def test_the_same_form_makes_one_order() -> None:
    form = wanted(item(stocked(5)))
    first = place_order(wanted=form, now=clock.now(), acting="guest")
    second = place_order(wanted=form, now=clock.now(), acting="guest")
    assert (second.order, second.token, second.replayed) == (first.order, first.token, True)
    assert Order.objects.count() == 1
    assert Code.objects.filter(state="held").count() == 1


def test_the_second_click_finds_the_order_that_took_the_last_unit() -> None:
    sku = stocked(1)
    form = wanted(item(sku))
    first = place_order(wanted=form, now=clock.now(), acting="guest")
    sku.availability = "out"
    sku.save(update_fields=["availability"])
    assert place_order(wanted=form, now=clock.now(), acting="guest").order == first.order


def test_a_used_form_with_another_body_is_refused() -> None:
    sku = stocked(5)
    place(item(sku), form_token="a" * 22)
    with pytest.raises(FormReused):
        place(item(sku, 2), form_token="a" * 22)
    assert Order.objects.count() == 1


def test_another_price_than_shown_places_nothing() -> None:
    sku = stocked(1)
    form = wanted(item(sku))
    make_price(sku, 9900, starts_at=clock.now())
    with pytest.raises(PriceChanged) as caught:
        place_order(wanted=form, now=clock.now(), acting="guest")
    assert caught.value.quote.total_minor == 9900
    assert not Order.objects.exists()


def test_a_form_that_says_no_price_places_nothing() -> None:
    with pytest.raises(PriceChanged):
        place(item(stocked(1)), shown="", shown_unit_minor=None)


def test_the_product_page_says_the_price_of_one() -> None:
    assert place(item(stocked(2), 2), shown="", shown_unit_minor=9850).page.amount_minor == 19700


def test_without_consent_nothing_is_placed() -> None:
    with pytest.raises(Consent):
        place(item(stocked(1)), consent=False)
    assert not Order.objects.exists()


def test_too_few_units_place_nothing() -> None:
    sku, other = stocked(2), stocked(1)
    with pytest.raises(SoldOut) as caught:
        place(item(sku, 2), item(other, 2))
    assert caught.value.sku_ids == (other.pk,)
    assert not Order.objects.exists()
    assert not Code.objects.filter(state="held").exists()


def test_a_refusal_of_risk_leaves_only_its_record() -> None:
    sku = stocked(9)
    for _ in range(5):
        place(item(sku), contact="one@example.com")
    with pytest.raises(Refused):
        place(item(sku), contact="one@example.com")
    assert Order.objects.count() == 5
    assert Assessment.objects.filter(point="order", reason="too_many_open").count() == 1
    assert Code.objects.filter(state="held").count() == 5


@pytest.mark.parametrize(
    ("limit", "same"),
    [
        ({"limit_per_buyer": 2}, {"contact": "one@example.com"}),
        ({"limit_per_day": 2}, {"contact": "one@example.com"}),
        ({"limit_per_phone": 2}, {"contact": "one@example.com"}),
    ],
)
def test_counted_limits_hold_over_orders(limit: dict[str, int], same: dict[str, Any]) -> None:
    sku = stocked(9, **limit)
    place(item(sku, 2), **same)
    with pytest.raises(LimitReached):
        place(item(sku), **same)
    place(item(sku))
    assert Order.objects.count() == 2


def test_the_limit_per_phone_counts_recipients() -> None:
    topup = make_sku(kind="topup", limit_per_phone=1)
    place(item(topup, phone="13800138000"), contact="one@example.com")
    with pytest.raises(LimitReached):
        place(item(topup, phone="13800138000"), contact="two@example.com")
    place(item(topup, phone="13900139000"), contact="one@example.com")


def test_goods_for_new_customers_are_not_for_old_ones() -> None:
    make_paid(stocked(1), contact="old@example.com")
    sku = stocked(2, who_may_buy=WhoMayBuy.NEW_BUYERS)
    with pytest.raises(LimitReached):
        place(item(sku), contact="old@example.com")
    place(item(sku), contact="new@example.com")


@pytest.mark.parametrize("quantity", [0, -1, 201, 10**9])
def test_absurd_quantities_are_refused(quantity: int) -> None:
    with pytest.raises(NotBuyable):
        place(item(stocked(1), quantity))
    assert not OrderLine.objects.exists()


def test_a_bad_recipient_is_refused() -> None:
    with pytest.raises(NotBuyable) as caught:
        place(item(make_sku(kind="topup"), phone="12"))
    assert caught.value.quote.problems[0].field == "phone"


def test_all_invariants_hold() -> None:
    place(item(stocked(1)))
    relay_all()
    assert check_all(now=clock.now(), grace=0) == []
