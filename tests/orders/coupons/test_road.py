"""A coupon on the road: held, used, given back, taken again; one coupon, one live order."""

import random
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from catalog.models import Sku
from core import clock
from core.invariants import check_all
from orders.models import Coupon, CouponUse, Order, PromotionUse
from orders.services.close_order import cancel_order, expire_order
from orders.services.coupons.find_coupons import NONE
from orders.services.coupons.grant_coupon import NoSuchCoupon, grant_coupon
from orders.services.place_order import PriceChanged, Refused
from orders.services.request_refund import NothingToRefund, request_refund
from orders.states import COUPON_STEPS, CouponState
from tests.factories.accounts import make_user
from tests.factories.catalog import make_sku
from tests.factories.coupons import coupon_promotion, make_campaign, make_coupon, make_printed
from tests.factories.orders import item, make_order, order_of, pay, place, stocked, wanted
from tests.factories.promotions import make_promotion

pytestmark = pytest.mark.django_db
ANN = "usr_ANN"


def sound() -> bool:
    broken = [str(one) for only in ("INV-V3", "INV-CP", "INV-PR")
              for one in check_all(now=clock.now(), grace=0, only=only)]  # fmt: skip
    return broken == []


def state_of(coupon: Coupon) -> str:
    coupon.refresh_from_db()
    return coupon.state


@pytest.fixture
def good() -> Sku:
    return make_sku(kind="topup", price_minor=9000, cost_minor=1)


def test_the_best_coupon_is_used_by_itself_and_is_the_orders(good: Sku) -> None:
    small, big = coupon_promotion(), coupon_promotion({"steps": [[0, 900]]})
    make_coupon(small, ANN)
    best = make_coupon(big, ANN)
    order = order_of(place(item(good), owner=ANN))
    assert order.total_minor == 9000 - 900
    assert PromotionUse.objects.get().rule == big.public_id
    best.refresh_from_db()
    assert (best.state, best.order_id) == (CouponState.HELD, order.public_id)
    assert sound()
    # The next order gets what is left.
    assert order_of(place(item(good), owner=ANN)).total_minor == 9000 - 500
    assert order_of(place(item(good), owner=ANN)).total_minor == 9000


def test_of_two_alike_the_one_that_ends_first_goes_first(good: Sku) -> None:
    made, now = coupon_promotion(), clock.now()
    make_coupon(made, ANN)
    soon = make_coupon(made, ANN, until=now + timedelta(days=1))
    make_coupon(made, ANN, until=now + timedelta(days=9))
    place(item(good), owner=ANN)
    assert state_of(soon) == CouponState.HELD


def test_the_buyer_may_choose_another_or_none(good: Sku) -> None:
    small = make_coupon(coupon_promotion(), ANN)
    make_coupon(coupon_promotion({"steps": [[0, 900]]}), ANN)
    chosen = order_of(place(item(good), owner=ANN, coupon=small.public_id))
    assert chosen.total_minor == 8500
    assert order_of(place(item(good), owner=ANN, coupon=NONE)).total_minor == 9000


def test_other_peoples_coupons_and_those_that_have_ended_do_nothing(good: Sku) -> None:
    made = coupon_promotion()
    others = make_coupon(made, "usr_BOB")
    make_coupon(made, ANN, until=clock.now() - timedelta(seconds=1))
    assert order_of(place(item(good), owner=ANN, coupon=others.public_id)).total_minor == 9000
    assert order_of(place(item(good))).total_minor == 9000


def test_paid_is_used_and_closed_gives_it_back(good: Sku) -> None:
    coupon = make_coupon(coupon_promotion(), ANN)
    first = order_of(place(item(good), owner=ANN))
    expire_order(order=first.public_id, now=first.expires_at)
    assert state_of(coupon) == CouponState.CLAIMED
    second = order_of(place(item(good), owner=ANN))
    pay(second)
    assert (state_of(coupon), coupon.order_id) == (CouponState.USED, second.public_id)
    assert sound()


def test_late_money_takes_it_again_or_goes_back(good: Sku) -> None:
    coupon = make_coupon(coupon_promotion(), ANN)
    first = order_of(place(item(good), owner=ANN))
    expire_order(order=first.public_id, now=first.expires_at)
    assert pay(first, now=first.expires_at).result == "late_honoured"
    assert (state_of(coupon), coupon.order_id) == (CouponState.USED, first.public_id)
    assert sound()


def test_late_money_without_its_coupon_is_refunded(good: Sku) -> None:
    coupon = make_coupon(coupon_promotion(most_uses=9), ANN)
    first = order_of(place(item(good), owner=ANN))
    expire_order(order=first.public_id, now=first.expires_at)
    second = order_of(place(item(good), owner=ANN))
    assert pay(first, now=first.expires_at).result == "late_refunded"
    assert (state_of(coupon), coupon.order_id) == (CouponState.HELD, second.public_id)
    assert sound()


@pytest.mark.parametrize(("back", "state"), [(True, "claimed"), (False, "used")])
def test_a_full_refund_gives_it_back_if_its_campaign_says_so(
    good: Sku, back: bool, state: str
) -> None:
    free = coupon_promotion({"steps": [[0, 9000]]}, subsidy_minor=50_000)
    make_campaign(free, back_on_refund=back)
    coupon = make_coupon(free, ANN)
    order = order_of(place(item(good), owner=ANN))
    assert order.total_minor == 0
    pay(order)
    assert state_of(coupon) == CouponState.USED
    request_refund(order=order.public_id, now=clock.now(), acting="test", reason="regret")
    order.refresh_from_db()
    assert order.state == "refunded"
    assert state_of(coupon) == state
    assert sound()


def test_a_printed_code_is_its_buyers_once_it_is_ordered_with(good: Sku) -> None:
    coupon, code = make_printed(coupon_promotion())
    spaced = f"{code[:6]}-{code[6:12]}-{code[12:]}".lower()
    order = order_of(place(item(good), owner=ANN, codes=(spaced,)))
    assert order.total_minor == 8500
    coupon.refresh_from_db()
    assert (coupon.state, coupon.owner) == (CouponState.HELD, ANN)
    cancel_order(order=order.public_id, now=clock.now(), acting="guest")
    # It is Ann's now: nobody else orders with it.
    assert order_of(place(item(good), owner="usr_BOB", codes=(code,))).total_minor == 9000
    assert order_of(place(item(good), owner=ANN)).total_minor == 8500


def test_a_guest_orders_with_a_printed_code_and_keeps_it_when_nothing_comes_of_it(
    good: Sku,
) -> None:
    coupon, code = make_printed(coupon_promotion())
    order = order_of(place(item(good), codes=(code,)))
    assert order.total_minor == 8500
    cancel_order(order=order.public_id, now=clock.now(), acting="guest")
    assert state_of(coupon) == CouponState.CLAIMED
    again = order_of(place(item(good), codes=(code,)))
    assert again.total_minor == 8500
    assert order_of(place(item(good), codes=(code,))).total_minor == 9000
    assert sound()


def test_whoever_was_shown_a_coupon_that_went_elsewhere_is_told_the_new_price(good: Sku) -> None:
    make_coupon(coupon_promotion(), ANN)
    seen = wanted(item(good), owner=ANN).shown
    place(item(good), owner=ANN, shown=seen)
    with pytest.raises(PriceChanged) as told:
        place(item(good), owner=ANN, shown=seen)
    assert told.value.quote.total_minor == 9000
    assert Order.objects.count() == 1


def test_a_coupon_stands_beside_an_offer_but_not_beside_a_public_code(good: Sku) -> None:
    make_promotion("percent_off", {"off_bp": 1000})
    make_promotion("amount_off", {"steps": [[0, 100]]}, code="HUNDRED")
    make_coupon(coupon_promotion(), ANN)
    order = order_of(place(item(good), owner=ANN, codes=("HUNDRED",)))
    assert order.total_minor == 9000 - 900 - 500


def test_a_grant_happens_once_for_its_event() -> None:
    made = coupon_promotion(ends_at=clock.now() + timedelta(days=30))
    make_campaign(made, valid_days=7)
    now = clock.now()
    told = [
        grant_coupon(promotion=made.public_id, owner=ANN, event="draw:1", by="system", now=now)
        for _ in range(3)
    ]
    assert len(set(told)) == Coupon.objects.count() == 1
    assert Coupon.objects.get().valid_until == now + timedelta(days=7)
    with pytest.raises(NoSuchCoupon):
        grant_coupon(promotion="pro_NONE", owner=ANN, event="draw:2", by="system", now=now)


def test_every_state_has_its_row_and_the_database_keeps_to_the_table() -> None:
    assert set(COUPON_STEPS) == set(CouponState.values)
    coupon = make_coupon(coupon_promotion(), ANN)
    with pytest.raises(DatabaseError), transaction.atomic():
        Coupon.objects.filter(pk=coupon.pk).update(state="issued", owner="")
    Coupon.objects.filter(pk=coupon.pk).update(state="void")
    with pytest.raises(DatabaseError), transaction.atomic():
        Coupon.objects.filter(pk=coupon.pk).update(state="claimed")


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_in_whatever_order_it_is_in_one_place(seed: int) -> None:
    """Place, cancel, expire, pay, pay late, refund: at random, over three coupons."""
    rng = random.Random(seed)
    user = make_user(email=f"ann{seed}@example.com")
    sku = make_sku(kind="topup", price_minor=9000, cost_minor=1)
    free = coupon_promotion({"steps": [[0, 9000]]}, subsidy_minor=900_000)
    make_campaign(free, back_on_refund=bool(seed % 2))
    coupons = [make_coupon(free, user.public_id) for _ in range(2)]
    coupons.append(make_coupon(coupon_promotion(), user.public_id))
    orders: list[Order] = []
    for _ in range(14):
        act = rng.choice(["place", "place", "cancel", "expire", "pay", "pay", "refund"])
        if act == "place" or not orders:
            # Too many open orders: another act is drawn.
            with suppress(Refused):
                orders.append(order_of(place(item(sku), owner=user.public_id)))
            continue
        order = rng.choice(orders)
        if act == "cancel":
            cancel_order(order=order.public_id, now=clock.now(), acting="guest")
        elif act == "expire":
            expire_order(order=order.public_id, now=order.expires_at)
        elif act == "pay":
            pay(order, now=order.expires_at)
        else:
            try:
                request_refund(
                    order=order.public_id, now=clock.now(), acting="test", reason="regret"
                )
            except NothingToRefund:
                continue
        assert sound(), (seed, act)
    for coupon in coupons:
        coupon.refresh_from_db()
        assert (coupon.order_id is not None) == (coupon.state in {"held", "used"})
    assert CouponUse.objects.count() >= 1


def test_an_order_without_coupons_leaves_them_alone() -> None:
    coupon = make_coupon(coupon_promotion(), ANN)
    pay(make_order(stocked(1)))
    assert state_of(coupon) == CouponState.CLAIMED
