"""The desk of coupons: figures, batches printed and frozen, coupons made void with a reason."""

import pytest
from django.test import Client

from core import clock
from core.crypto import ensure_data_key
from orders.models import Coupon, CouponBatch
from orders.services.coupons.make_coupons import make_coupons
from tests.factories.accounts import make_staff, sign_in
from tests.factories.catalog import make_sku
from tests.factories.coupons import coupon_promotion, make_campaign, make_coupon
from tests.factories.orders import item, order_of, pay, place

pytestmark = pytest.mark.django_db
HOME = "/admin/orders/"


@pytest.fixture
def operator(client: Client) -> Client:
    ensure_data_key()
    return sign_in(client, make_staff("operator"))


def test_a_campaign_shows_what_became_of_its_coupons(operator: Client) -> None:
    promotion = coupon_promotion()
    campaign = make_campaign(promotion)
    make_coupon(promotion, "usr_ANN")
    make_coupon(promotion, "usr_ANN")
    good = make_sku(kind="topup", price_minor=9000, cost_minor=1)
    pay(order_of(place(item(good), owner="usr_ANN")))
    page = operator.get(f"{HOME}couponcampaign/{campaign.pk}/change/").content.decode()
    assert "¥5.00" in page
    assert operator.get(f"{HOME}couponcampaign/").status_code == 200


def test_codes_are_printed_and_a_batch_is_frozen_and_made_void(operator: Client) -> None:
    campaign = make_campaign(coupon_promotion())
    printed = operator.post(
        f"{HOME}couponcampaign/{campaign.pk}/print/", {"number": "5", "note": "fair"}, follow=True
    )
    assert printed.status_code == 200
    while make_coupons(now=clock.now()):
        pass
    batch = CouponBatch.objects.get()
    assert (batch.made, batch.state) == (5, "ready")
    for act, state in (("freeze", "frozen"), ("free", "ready"), ("void", "void")):
        told = {"reason": "because"}
        operator.post(f"{HOME}couponbatch/{batch.pk}/{act}/", told, follow=True)
        batch.refresh_from_db()
        assert batch.state == state


def test_a_coupon_is_made_void_with_a_reason(operator: Client) -> None:
    coupon = make_coupon(coupon_promotion(), "usr_ANN")
    address = f"{HOME}coupon/{coupon.pk}/void/"
    operator.post(address, {"reason": ""}, follow=True)
    assert Coupon.objects.get().state == "claimed"
    operator.post(address, {"reason": "abuse"}, follow=True)
    assert Coupon.objects.get().state == "void"
    assert operator.get(f"{HOME}coupon/{coupon.pk}/change/").status_code == 200
    assert operator.get(f"{HOME}coupon/?state__exact=void").status_code == 200


def test_support_may_look_but_not_print(client: Client) -> None:
    campaign = make_campaign(coupon_promotion())
    sign_in(client, make_staff("support"))
    answer = client.post(f"{HOME}couponcampaign/{campaign.pk}/print/", {"number": "5"})
    assert answer.status_code == 403
    assert not CouponBatch.objects.exists()
