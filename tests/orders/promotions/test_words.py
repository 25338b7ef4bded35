"""Terms in words, and where a buyer reads them."""

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from catalog.queries import default_channel, offer
from core import clock
from orders.models import Order
from orders.promotions.rules.registry import read_terms
from orders.queries.page import order_row
from orders.views.promotion_words import words_of
from orders.views.showing import lines_shown
from tests.factories.catalog import make_sku
from tests.factories.orders import make_order, stocked
from tests.factories.promotions import make_promotion
from tests.factories.subscriptions import simple_plan

HUNDRED = {"steps": [[10_000, 1000]]}


@pytest.mark.parametrize(
    ("kind", "params", "chinese", "english"),
    [
        ("special_price", {"unit_minor": 600}, "特价 ¥6.00", "Now ¥6.00 each"),
        ("percent_off", {"off_bp": 1500}, "8.5 折", "15% off"),
        (
            "percent_off", {"off_bp": 1000, "from_minor": 10_000, "most_minor": 2000},
            "满 100 享 9 折，最多减 20", "10% off from ¥100 on, at most ¥20",
        ),
        ("amount_off", HUNDRED, "满 100 减 10", "¥10 off from ¥100 on"),
        ("amount_off", {"steps": [[0, 500]]}, "立减 5", "¥5 off"),
        (
            "amount_off", {"steps": [[10_000, 1000], [20_000, 2550]]},
            "满 100 减 10，满 200 减 25.50", "¥10 off from ¥100 on, ¥25.50 off from ¥200 on",
        ),
        (
            "amount_off", {**HUNDRED, "again": True},
            "每满 100 减 10", "¥10 off from ¥100 on, each time",
        ),
        ("nth_unit", {"nth": 2, "off_bp": 5000}, "第二件半价", "Second at half price"),
        ("nth_unit", {"nth": 2, "off_bp": 10_000}, "买 1 送 1", "Buy 1, get one free"),
        ("nth_unit", {"nth": 3, "off_bp": 2000}, "第 3 件 8 折", "Every 3. 20% off"),
        ("several_for", {"units": 3, "price_minor": 9900}, "3 件 99 元", "3 for ¥99"),
        ("gift_with", {"sku_code": "G", "from_minor": 5000}, "满 50 赠 G × 1", "Gift from ¥50 on: G × 1"),
        ("gift_with", {"sku_code": "G", "from_units": 2}, "买 2 件赠 G × 1", "Gift with 2: G × 1"),
    ],
)  # fmt: skip
@pytest.mark.django_db
def test_every_kind_has_words(
    kind: str, params: dict[str, Any], chinese: str, english: str
) -> None:
    terms = read_terms(kind, params)
    with translation.override("zh-hans"):
        assert words_of(terms) == chinese
    with translation.override("en"):
        assert words_of(terms) == english


@pytest.mark.django_db
def test_the_product_page_asks_for_what_runs(client: Client) -> None:
    sku = make_sku(price_minor=9850)
    address = f"/offers/{sku.product.slug}/"
    assert not client.get(address).content.strip()
    make_promotion("amount_off", HUNDRED, name="周末满减", goods=[f"sku:{sku.code}"])
    make_promotion("amount_off", {"steps": [[1, 1]]}, name="别的", goods=["sku:OTHER"])
    with translation.override("zh-hans"):
        told = client.get(address, headers={"accept-language": "zh"}).content.decode()
    assert "满 100 减 10" in told
    assert "周末满减" in told
    assert "别的" not in told
    assert f'hx-get="{address}"' in client.get(f"/p/{sku.product.slug}/").content.decode()
    assert not client.get("/offers/nothing/").content.strip()


@pytest.mark.django_db
def test_the_cart_says_what_is_missing_and_why_it_is_cheaper(client: Client) -> None:
    sku = stocked(5)
    make_promotion("amount_off", HUNDRED, name="周末满减")
    client.post("/cart/add/", {"sku": sku.code, "quantity": 1})
    page = client.get("/cart/", headers={"accept-language": "zh"}).content.decode()
    missing = (10_000 - sku_price(sku.code)) / 100
    assert f"再买 ¥{missing:.2f} 可减 ¥10.00" in page
    client.post("/cart/add/", {"sku": sku.code, "quantity": 1})
    page = client.get("/cart/", headers={"accept-language": "zh"}).content.decode()
    assert "可减" not in page
    assert "满 100 减 10" in page


@pytest.mark.django_db
def test_a_gift_is_marked_and_in_no_sum(client: Client) -> None:
    """What the lines say, less what promotions took off, is what is paid: in the cart and on the bill."""
    gift, sku = stocked(1, price_minor=3000, cost_minor=2500), stocked(1)
    make_promotion("gift_with", {"sku_code": gift.code}, subsidy_minor=2500)
    client.post("/cart/add/", {"sku": sku.code, "quantity": 1})
    page = client.get("/cart/", headers={"accept-language": "zh"})
    cart = page.context["cart"]
    assert [line.is_gift for line in cart["lines"]] == [False, True]
    assert sum(line.amount_minor for line in cart["lines"]) == cart["total_minor"]
    assert "赠品" in page.content.decode()
    # It can be neither changed nor taken out: the good itself has both forms, the gift none.
    assert page.content.decode().count('name="line"') == 2
    row = order_row(make_order(sku).public_id)
    assert row is not None
    bill = lines_shown(row, [])
    assert [line.is_gift for line in bill] == [False, True]
    assert sum(line.amount_minor for line in bill) == row.total_minor


@pytest.mark.django_db
def test_a_good_names_its_subscription(client: Client) -> None:
    plan = simple_plan()
    told = client.get(f"/offers/{plan.sku.product.slug}/", headers={"accept-language": "zh"})
    assert f"/plans/{plan.slug}/" in told.content.decode()
    assert "每月 ¥97.00" in told.content.decode()


@pytest.mark.django_db
def test_an_order_keeps_the_terms_it_was_sold_under() -> None:
    made = make_promotion("amount_off", {"steps": [[5000, 500]]}, name="满减")
    order = make_order(stocked(1))
    made.delete()
    kept = Order.objects.get(pk=order.pk).explanation[0]["params"]
    assert (kept["from_minor"], kept["off_minor"], kept["title"]) == (5000, 500, "满减")


def sku_price(code: str) -> int:
    found = offer(code, default_channel(), clock.now())
    assert found is not None
    return found.unit_minor
