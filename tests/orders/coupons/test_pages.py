"""Coupons as a buyer meets them: the claim page, one's own, the strip, and the checkout."""

import pytest
from django.test import Client

from core.crypto import ensure_data_key
from orders.models import Coupon, Order
from orders.views.coupon_goods import goods_of
from tests.factories.accounts import make_user
from tests.factories.catalog import make_sku
from tests.factories.coupons import coupon_promotion, make_campaign, make_coupon, make_printed
from tests.factories.promotions import make_promotion

pytestmark = pytest.mark.django_db
NOBODY = {"steps": [[1_000_000, 500]]}


@pytest.fixture
def ann(client: Client) -> str:
    ensure_data_key()
    user = make_user(email="ann@example.com", language="en")
    client.force_login(user)
    return user.public_id


def test_a_guest_signs_in_first(client: Client) -> None:
    campaign = make_campaign(coupon_promotion(), slug="spring")
    page = client.get("/coupon/spring/")
    assert page.status_code == 200
    assert "next=%2Fcoupon%2Fspring%2F" in page.content.decode()
    assert client.post("/coupon/spring/").status_code == 303
    assert not Coupon.objects.exists()
    assert client.get(f"/coupon/{campaign.public_id}/").status_code == 200
    assert client.get("/coupons/").status_code == 302


def test_what_is_given_or_printed_only_has_no_page(client: Client) -> None:
    make_campaign(coupon_promotion(), slug="hidden", claiming="closed")
    assert client.get("/coupon/hidden/").status_code == 404
    assert client.get("/coupon/nothing/").status_code == 404


def test_claimed_it_stands_under_my_coupons(client: Client, ann: str) -> None:
    make_campaign(coupon_promotion(), slug="spring", most_claims=1)
    assert client.post("/coupon/spring/").status_code == 303
    assert Coupon.objects.get().owner == ann
    assert "¥5.00" in client.get("/coupons/").content.decode()
    assert "article" not in client.get("/coupons/?show=used").content.decode()
    assert "form method" not in client.get("/coupon/spring/").content.decode()
    client.post("/coupon/spring/")
    assert Coupon.objects.count() == 1


def test_my_coupons_show_what_may_be_had_and_lead_to_the_goods(client: Client, ann: str) -> None:
    good = make_sku(price_minor=9000, cost_minor=1)
    address = f"/p/{good.product.slug}/"
    promotion = coupon_promotion(goods=[f"product:{good.product.slug}"])
    make_campaign(promotion, slug="spring")
    page = client.get("/coupons/").content.decode()
    assert "/coupon/spring/" in page
    assert address not in page
    client.post("/coupon/spring/")
    page = client.get("/coupons/").content.decode()
    assert "/coupon/spring/" not in page
    assert address in page
    claimed = client.get("/coupon/spring/")
    assert claimed.context["has"]
    assert address in claimed.content.decode()


@pytest.mark.parametrize(
    ("goods", "url"),
    [
        ([], "/c/"),
        (["brand:gone"], "/c/"),
        (["strange"], "/c/"),
    ],
)
def test_a_coupon_for_all_or_for_what_is_gone_leads_to_everything(
    goods: list[str], url: str
) -> None:
    assert goods_of(goods).url == url


def test_a_coupon_says_its_goods_by_each_kind_of_name() -> None:
    sku = make_sku(price_minor=9000, cost_minor=1)
    product = sku.product
    assert goods_of([f"sku:{sku.code}"]).url == f"/p/{product.slug}/?sku={sku.code}"
    assert goods_of([f"category:{product.category.slug}"]).url == f"/c/{product.category.slug}/"
    several = goods_of([f"product:{product.slug}", f"category:{product.category.slug}"])
    assert several.url == "/c/"
    assert product.name in several.words


def test_what_is_missing_is_reckoned_after_other_offers(client: Client, ann: str) -> None:
    good = make_sku(kind="topup", price_minor=9500, cost_minor=1)
    make_promotion("percent_off")
    idle = make_coupon(coupon_promotion({"steps": [[9000, 500]]}), ann)
    page = client.get("/checkout/", {"sku": good.code, "quantity": "1", "in_phone": "13800138000"},
                      headers={"accept-language": "en"})  # fmt: skip
    choices = {one.value: one for one in page.context["coupons"]}
    # 95.00 less a tenth is 85.50; of what is added a tenth goes too.
    assert choices[idle.public_id].text == "¥5.00 more, and it can be used."


def test_a_printed_code_is_put_under_my_coupons(client: Client, ann: str) -> None:
    coupon, code = make_printed(coupon_promotion())
    assert client.post("/coupons/keep/", {"code": code}).status_code == 303
    coupon.refresh_from_db()
    assert (coupon.owner, coupon.state) == (ann, "claimed")


def test_the_strip_shows_what_may_be_claimed_and_else_nothing(client: Client) -> None:
    assert client.get("/coupons/strip/").status_code == 204
    make_campaign(coupon_promotion(), slug="spring")
    make_campaign(coupon_promotion(), slug="secret", claiming="code", word="X")
    make_campaign(coupon_promotion(channels=["other"]), slug="elsewhere")
    told = client.get("/coupons/strip/?limit=6").content.decode()
    assert "/coupon/spring/" in told
    assert "secret" not in told
    assert "elsewhere" not in told


def test_the_checkout_says_which_is_used_and_why_another_is_not(client: Client, ann: str) -> None:
    good = make_sku(kind="topup", price_minor=9000, cost_minor=1)
    best = make_coupon(coupon_promotion(), ann)
    idle = make_coupon(coupon_promotion(NOBODY), ann)
    page = client.get("/checkout/", {"sku": good.code, "quantity": "1", "in_phone": "13800138000"},
                      headers={"accept-language": "en"})  # fmt: skip
    choices = {one.value: one for one in page.context["coupons"]}
    assert choices[best.public_id].checked
    assert "more, and it can be used" in choices[idle.public_id].text
    assert page.context["quote"]["total_minor"] == 8500
    form = {"sku": good.code, "quantity": 1, "in_phone": "13800138000", "coupon": "none"}
    page = client.post("/orders/place/", {**form, "apply": "1"})
    assert page.context["quote"]["total_minor"] == 9000
    assert {one.value: one.checked for one in page.context["coupons"]}["none"]
    told = {**form, "consent": "on", "key": page.context["key"], "provider": "localpay",
            "fingerprint": page.context["quote"]["fingerprint"]}  # fmt: skip
    assert client.post("/orders/place/", told).status_code == 303
    assert Order.objects.get().total_minor == 9000
    best.refresh_from_db()
    assert best.state == "claimed"


def test_wrong_codes_are_counted_and_then_nothing_is_looked_at(client: Client) -> None:
    ensure_data_key()
    good = make_sku(kind="topup", price_minor=9000, cost_minor=1)
    _coupon, code = make_printed(coupon_promotion())
    form = {"sku": good.code, "quantity": 1, "in_phone": "13800138000", "apply": "1"}
    page = client.post("/orders/place/", {**form, "code": code})
    assert page.context["quote"]["total_minor"] == 8500
    for number in range(8):
        wrong = " ".join(f"W{number}{letter}" for letter in "ABCDE")
        client.post("/orders/place/", {**form, "code": wrong})
    page = client.post("/orders/place/", {**form, "code": code})
    assert page.context["quote"]["total_minor"] == 9000
