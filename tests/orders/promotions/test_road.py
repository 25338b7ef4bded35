"""Promotions on the road: from the quote to the ledger, and back when it comes to nothing."""

from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.invariants import check_all
from core.ledger import balance
from core.models.counts import LimitCount
from orders.models import Order, Promotion, PromotionUse
from orders.services.close_order import expire_order
from orders.services.place_order import PriceChanged
from orders.services.request_refund import request_refund
from orders.states import OrderState
from simulators.localpay.script import Gateway
from tests.factories.catalog import make_sku
from tests.factories.orders import item, make_order, order_of, pay, place, shown, stocked, wanted
from tests.factories.promotions import fresh, make_promotion

pytestmark = pytest.mark.django_db
FIVE_OFF = {"steps": [[5000, 500]]}


def taken() -> dict[str, int]:
    """What orders have taken of budgets, by the end of their keys."""
    rows = LimitCount.objects.filter(key__startswith="promo:", used__gt=0)
    return {key.split(":")[2]: used for key, used in rows.values_list("key", "used")}


def sound() -> bool:
    return [str(one) for one in check_all(now=clock.now(), grace=0, only="INV-PR")] == []


def test_a_code_makes_the_order_cheaper_and_says_why() -> None:
    made = make_promotion("amount_off", FIVE_OFF, code="SAVE5")
    order = make_order(stocked(2), codes=("save5",))
    line = order.lines.get()
    assert order.total_minor == line.paid_minor == line.unit_minor - 500
    assert order.explanation[0]["params"]["rule"] == made.public_id
    assert line.adjustments[-1]["amount_minor"] == -500
    used = PromotionUse.objects.get()
    assert (used.rule, used.discount_minor, used.subsidy_minor) == (made.public_id, 500, 0)


@pytest.mark.parametrize("code", ["", "SAVE6"])
def test_without_the_code_nothing_changes(code: str) -> None:
    make_promotion("amount_off", FIVE_OFF, code="SAVE5")
    order = make_order(stocked(1), codes=(code,) if code else ())
    assert order.total_minor == order.lines.get().unit_minor
    assert not PromotionUse.objects.exists()


def test_what_was_paid_for_units_sums_to_what_was_paid() -> None:
    make_promotion("amount_off", {"steps": [[0, 100]]})
    order = make_order(stocked(3), 3)
    pay(order)
    assert balance("revenue") == -order.total_minor
    assert balance("order_obligation", subject=order.public_id) == 0


def test_budgets_are_taken_when_placed_and_given_back_when_nothing_comes_of_it() -> None:
    make_promotion("amount_off", FIVE_OFF, most_uses=5, most_per_person=1, most_minor=10_000)
    order = make_order(stocked(1))
    assert taken() == {"uses": 1, "by": 1, "money": 500}
    assert sound()
    expire_order(order=order.public_id, now=order.expires_at + timedelta(seconds=1))
    assert taken() == {}
    assert sound()


def test_late_money_takes_them_again_or_goes_back() -> None:
    make_promotion("amount_off", FIVE_OFF, most_uses=1)
    sku = stocked(3)
    late, other = make_order(sku), None
    at = late.expires_at + timedelta(seconds=1)
    expire_order(order=late.public_id, now=at)
    other = make_order(sku)
    assert pay(late, now=at).result == "late_refunded"
    expire_order(order=other.public_id, now=other.expires_at + timedelta(seconds=1))
    third = make_order(sku)
    expire_order(order=third.public_id, now=third.expires_at + timedelta(seconds=1))
    assert pay(third, now=third.expires_at + timedelta(seconds=2)).result == "late_honoured"
    assert taken() == {"uses": 1}
    assert sound()


def test_the_last_use_goes_to_one_and_the_other_is_told_the_new_price() -> None:
    make_promotion("amount_off", FIVE_OFF, most_uses=1)
    sku = stocked(2)
    second = wanted(item(sku))
    make_order(sku)
    with pytest.raises(PriceChanged) as told:
        place(item(sku), shown=second.shown)
    assert told.value.quote.total_minor == shown(second).total_minor
    assert not told.value.quote.used


def test_one_person_uses_it_once_whether_signed_in_or_by_contact() -> None:
    make_promotion("amount_off", FIVE_OFF, most_per_person=1)
    sku = stocked(3)
    first = make_order(sku, contact="ann@example.com")
    assert first.total_minor < first.list_minor
    again = wanted(item(sku), contact="ann@example.com")
    with pytest.raises(PriceChanged):
        place(item(sku), contact="ann@example.com", shown=again.shown)
    other = make_order(sku, contact="bob@example.com")
    assert other.total_minor < other.list_minor


def test_a_first_order_is_one_order() -> None:
    make_promotion("amount_off", FIVE_OFF, first_order=True)
    sku = stocked(3)
    first = make_order(sku, contact="ann@example.com")
    assert first.total_minor < first.list_minor
    form = wanted(item(sku), contact="ann@example.com")
    with pytest.raises(PriceChanged):
        place(item(sku), contact="ann@example.com", shown=form.shown)
    pay(first)
    with pytest.raises(PriceChanged):
        place(item(sku), contact="ann@example.com", shown=form.shown)


def test_under_the_floor_the_promotion_pays_and_the_books_say_so() -> None:
    sku = stocked(2, price_minor=1990, cost_minor=1500)
    make_promotion("special_price", {"unit_minor": 600}, subsidy_minor=2000)
    order = make_order(sku, 2)
    line = order.lines.get()
    assert (order.total_minor, line.subsidy_minor) == (1200, 1800)
    assert taken() == {"subsidy": 1800}
    pay(order)
    assert balance("promotion_subsidy") == 1800
    assert balance("revenue") == -3000
    assert sound()
    # What is left does not pay for another: the old price.
    assert make_order(stocked(1, price_minor=1990, cost_minor=1500)).total_minor == 1990


def test_a_subsidy_counts_only_for_the_terms_that_were_agreed_to() -> None:
    made = make_promotion("special_price", {"unit_minor": 600}, subsidy_minor=2000)
    Promotion.objects.filter(pk=made.pk).update(state="paused")
    Promotion.objects.filter(pk=made.pk).update(params={"unit_minor": 1})
    Promotion.objects.filter(pk=made.pk).update(state="live")
    fresh()
    order = make_order(stocked(1, price_minor=1990, cost_minor=1500))
    assert order.total_minor == 1500


def test_a_gift_is_a_line_that_costs_nothing_and_is_delivered_like_any_other() -> None:
    gift = stocked(2, price_minor=3000, cost_minor=2500)
    params: dict[str, Any] = {"sku_code": gift.code, "from_minor": 5000}
    make_promotion("gift_with", params, subsidy_minor=2500)
    order = make_order(stocked(1))
    lines = list(order.lines.order_by("position"))
    assert [(line.sku_code, line.paid_minor) for line in lines][1] == (gift.code, 0)
    assert order.units == 2
    pay(order)
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    assert balance("promotion_subsidy") == 2500
    # Its subsidy is spent: the next order goes without.
    assert make_order(stocked(1)).units == 1
    assert sound()


def test_a_gift_that_ran_out_keeps_nobody_from_buying() -> None:
    gift = stocked(1, price_minor=3000, cost_minor=2500)
    make_promotion("gift_with", {"sku_code": gift.code}, subsidy_minor=100_000)
    sku = stocked(2)
    form = wanted(item(sku))
    make_order(gift, promotions=False)
    with pytest.raises(PriceChanged) as told:
        place(item(sku), shown=form.shown)
    assert not told.value.quote.gifts
    # The page shows it without the gift now, and that is what is ordered.
    order = order_of(place(item(sku), shown=told.value.quote.fingerprint))
    assert (order.units, order.lines.get().sku_code) == (1, sku.code)


def test_terms_stand_still_while_it_is_switched_on() -> None:
    from django.db import DatabaseError, transaction

    made = make_promotion()
    with pytest.raises(DatabaseError), transaction.atomic():
        Promotion.objects.filter(pk=made.pk).update(params={"off_bp": 9000})
    Promotion.objects.filter(pk=made.pk).update(name="Another name")


def test_a_refund_of_all_gives_every_budget_back(gateway: Gateway) -> None:
    make_promotion("amount_off", FIVE_OFF, most_uses=9, most_minor=1000)
    order = order_of(place(item(make_sku(kind="topup", price_minor=9000, cost_minor=1))))
    pay(order)
    assert taken() == {"uses": 1, "money": 500}
    refund = request_refund(order=order.public_id, now=clock.now(), acting="test", reason="regret")
    assert refund is not None
    assert refund.amount_minor == order.total_minor == 8500
    Order.objects.get(pk=order.pk)
    assert sound()
