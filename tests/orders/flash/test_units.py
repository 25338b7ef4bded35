"""A flash sale's units on the road: taken, paid, given back; and the stock that is kept for them."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from core import clock
from core.invariants import check_all
from fulfillment.models import Code
from orders.models import FlashSale, FlashUnit, Order
from orders.services.close_order import cancel_order, expire_order
from orders.services.confirm_payment import Result
from orders.services.flash.flash_rule import CLUSTERS, flash_rule
from orders.services.flash.run_flash import NotCuttable, advance_flashes, cut_flash, end_flash
from orders.services.flash.take_flash import FlashSoldOut
from orders.services.place_order import LimitReached, NotBuyable, PriceChanged, SoldOut
from orders.states import FlashState, OrderState
from tests.factories.catalog import make_sku
from tests.factories.flash import draft_flash, make_flash, order_flash, place_flash
from tests.factories.orders import make_order, pay, relay_all, stocked

pytestmark = pytest.mark.usefixtures("committed")


def units(sale: FlashSale) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in FlashUnit.objects.filter(sale=sale).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def kept(sale: FlashSale) -> int:
    return Code.objects.filter(held_by=sale.public_id, state="held").count()


def sound() -> bool:
    found = check_all(now=clock.now(), grace=1, only="INV-FS")
    found += check_all(now=clock.now(), grace=1, only="INV-PR")
    assert not found, found
    return True


def test_a_unit_is_held_then_paid_and_costs_the_price_of_the_sale() -> None:
    sale = make_flash(stocked(5, price_minor=9000, cost_minor=5000), units=3)
    assert (units(sale), kept(sale)) == ({"free": 3}, 3)
    order = order_flash(sale, "ann@example.com")
    assert order.total_minor == 6000
    assert (units(sale), kept(sale)) == ({"free": 2, "held": 1}, 2)
    assert order.expires_at - order.created_at == timedelta(seconds=sale.hold_seconds)
    assert pay(order).result == Result.PAID
    relay_all()
    assert units(sale) == {"free": 2, "paid": 1}
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    assert sound()


def test_stock_that_was_set_apart_is_nobody_elses() -> None:
    sku = stocked(3, price_minor=9000, cost_minor=5000)
    sale = make_flash(sku, units=2)
    make_order(sku)
    with pytest.raises((SoldOut, NotBuyable)):
        make_order(sku)
    order_flash(sale, "ann@example.com")
    order_flash(sale, "ben@example.com")
    with pytest.raises(FlashSoldOut):
        place_flash(sale, "cid@example.com")
    assert sound()


@pytest.mark.parametrize("way", ["expires", "is cancelled"])
def test_an_order_that_comes_to_nothing_gives_its_unit_back_with_its_stock(way: str) -> None:
    sale = make_flash(stocked(1, price_minor=9000, cost_minor=5000), units=1)
    order = order_flash(sale, "ann@example.com")
    assert kept(sale) == 0
    if way == "expires":
        assert expire_order(order=order.public_id, now=order.expires_at + timedelta(seconds=1))
    else:
        assert cancel_order(order=order.public_id, now=clock.now(), acting="guest")
    assert (units(sale), kept(sale)) == ({"free": 1}, 1)
    assert pay(order_flash(sale, "ben@example.com")).result == Result.PAID
    assert sound()


def test_late_money_takes_a_unit_again_while_there_is_one() -> None:
    sale = make_flash(stocked(1, price_minor=9000, cost_minor=5000), units=1)
    order = order_flash(sale, "ann@example.com")
    late = order.expires_at + timedelta(seconds=1)
    expire_order(order=order.public_id, now=late)
    assert pay(order, now=late).result == Result.LATE_HONOURED
    assert FlashUnit.objects.get(sale=sale).order_id == order.pk
    assert sound()


def test_late_money_goes_back_when_somebody_else_has_the_unit() -> None:
    sale = make_flash(make_sku(kind="topup", price_minor=9000, cost_minor=1), units=1)
    order = order_flash(sale, "ann@example.com")
    late = order.expires_at + timedelta(seconds=1)
    expire_order(order=order.public_id, now=late)
    order_flash(sale, "ben@example.com")
    assert pay(order, now=late).result == Result.LATE_REFUNDED
    assert sound()


def test_a_limit_per_person_counts_every_identity_and_their_cluster() -> None:
    sale = make_flash(make_sku(kind="topup", price_minor=9000, cost_minor=1))
    order_flash(sale, "ann@example.com")
    with pytest.raises((LimitReached, PriceChanged)):
        place_flash(sale, "ann@example.com")
    CLUSTERS.register("test", lambda identity: "household")
    try:
        rule = flash_rule(sale, identities=["a", "b"])
    finally:
        CLUSTERS._entries.pop("test")
    assert [budget.key for budget in rule.budgets] == [f"promo:{sale.public_id}:by:household"]


def test_no_order_gets_the_price_before_the_start_or_after_an_early_end() -> None:
    sku = make_sku(kind="topup", price_minor=9000, cost_minor=1)
    now = clock.now()
    soon = make_flash(sku, starts_at=now + timedelta(minutes=5))
    assert soon.state == FlashState.SCHEDULED
    assert order_flash(soon, "ann@example.com").total_minor == 9000
    running = make_flash(sku)
    assert end_flash(sale=running.public_id, by="test", now=now, why="enough")
    assert not end_flash(sale=running.public_id, by="test", now=now, why="again")
    with pytest.raises(FlashSoldOut):
        place_flash(running, "ben@example.com")


def test_an_end_lets_the_rest_of_the_stock_go() -> None:
    sku = stocked(4, price_minor=9000, cost_minor=5000)
    sale = make_flash(sku, units=4)
    paid = order_flash(sale, "ann@example.com")
    pay(paid)
    advance_flashes(now=sale.ends_at)
    sale.refresh_from_db()
    assert (sale.state, kept(sale)) == (FlashState.ENDED, 0)
    assert Code.objects.filter(sku=sku, state="available").count() == 3
    assert sound()


def test_units_are_cut_once_and_only_for_a_lawful_price() -> None:
    sku = stocked(2, price_minor=9000, cost_minor=5000)
    now = clock.now()

    def reason(**more: Any) -> str:
        with pytest.raises(NotCuttable) as no:
            cut_flash(sale=draft_flash(sku, **more).public_id, by="test", now=now)
        return no.value.reason

    assert reason(units=3) == "stock"
    assert reason(price_minor=4000) == "floor"
    assert reason(ends_at=now - timedelta(seconds=1)) == "over"
    sale = make_flash(sku, units=2, price_minor=4000, subsidy_minor=2000)
    with pytest.raises(NotCuttable):
        cut_flash(sale=sale.public_id, by="test", now=now)
    order = order_flash(sale, "ann@example.com")
    line = order.lines.get()
    assert (line.paid_minor, line.subsidy_minor) == (4000, 1000)
    assert sound()


def test_what_was_promised_and_the_walk_of_states_are_guarded() -> None:
    sale = make_flash(make_sku(kind="topup", price_minor=9000, cost_minor=1))
    for change in ({"price_minor": 1}, {"units": 99}, {"state": "draft"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            FlashSale.objects.filter(pk=sale.pk).update(**change)


@pytest.mark.parametrize(
    ("invariant", "broken"),
    [
        ("INV-FS1", "delete from orders_flashunit where state = 'free'"),
        ("INV-FS2", "update orders_flashunit set state = 'free', order_id = null"),
        ("INV-FS3", "update orders_flashunit set state = 'paid' where state = 'held'"),
        (
            "INV-FS4",
            "update fulfillment_code set held_by = (select public_id from orders_flashsale)"
            " where state = 'held'",
        ),
    ],
)
def test_each_statement_finds_what_it_is_for(invariant: str, broken: str) -> None:
    sale = make_flash(stocked(2, price_minor=9000, cost_minor=5000), units=2)
    order_flash(sale, "ann@example.com")
    assert sound()
    with connection.cursor() as cursor:
        cursor.execute(broken)
    assert [v.invariant.id for v in check_all(now=clock.now(), grace=1, only="INV-FS")][:1] == [
        invariant
    ]
    assert Order.objects.count() == 1


def test_a_scaled_wait_is_no_part_of_a_hold(settings: Any) -> None:
    """The seconds to pay are the sale's own, whatever orders usually get."""
    settings.ORDER_HOLD_SECONDS = 5
    sale = make_flash(make_sku(kind="topup", price_minor=9000, cost_minor=1), hold_seconds=240)
    order = order_flash(sale)
    assert (order.expires_at - order.created_at).total_seconds() == 240
