import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog.models import Tag
from catalog.services.ensure_base_rows import ensure_base_rows
from catalog.services.import_catalogue import import_catalogue
from core import clock
from tests.factories import catalog as make

pytestmark = pytest.mark.django_db
CATALOGUE = Path(__file__).resolve().parents[3] / "demo" / "data" / "catalogue.csv"


def body(path: str, *, language: str = "zh-CN", **headers: str) -> str:
    answer = Client(headers={"accept-language": language, **headers}).get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.fixture
def shop() -> None:
    ensure_base_rows(with_blocks=True)
    import_catalogue(content=CATALOGUE.read_bytes(), now=clock.now(), acting="system")
    make.fresh()


def test_the_home_page_shows_blocks_in_both_languages(shop: None) -> None:
    chinese, english = body("/"), body("/", language="en")
    assert "大家都在买" in chinese
    assert "Popular now" in english
    assert "爱奇艺黄金VIP会员" in chinese
    assert "iQIYI Gold VIP" in english
    assert "瑞幸" not in chinese
    assert "爱奇艺" not in re.sub(r"<button[^>]*>中文</button>", "", english)


def test_the_product_page_posts_what_the_checkout_wants(shop: None) -> None:
    page = body("/p/iqiyi-gold-vip/?sku=IQY-GOLD-M")
    form = page[page.index('id="buy"') : page.index("</form>", page.index('id="buy"'))]
    names = set(re.findall(r'name="([a-z_]+)"', form))
    assert names >= {
        "csrfmiddlewaretoken",
        "sku",
        "quantity",
        "in_phone",
        "contact",
        "consent",
        "quoted_minor",
        "form_token",
    }
    assert 'name="sku" value="IQY-GOLD-M"' in form
    assert 'name="quoted_minor" value="1990"' in form
    assert 'action="/orders/place/"' in form
    assert 'formaction="/cart/add/"' in form


def test_each_sku_has_an_address(shop: None) -> None:
    page = body("/p/iqiyi-gold-vip/")
    assert re.findall(r'href="/p/iqiyi-gold-vip/\?sku=([A-Z-]+)"', page) == [
        "IQY-GOLD-W", "IQY-GOLD-M", "IQY-GOLD-Q", "IQY-GOLD-Y",
    ]  # fmt: skip
    assert page.count('aria-current="true"') == 1


def test_choices_of_a_game_server(shop: None) -> None:
    assert 'value="cn_gf01"' in body("/p/genshin-impact-crystals/")
    assert "Celestia" in body("/p/genshin-impact-crystals/", language="en")


def test_sold_out_and_paused_pages_have_no_form(shop: None) -> None:
    sold_out = body("/p/jd-e-card/")
    assert 'action="/orders/place/"' not in sold_out
    assert "售罄" in sold_out
    paused = body("/p/luckin-coffee-drink-voucher/")
    assert 'action="/orders/place/"' not in paused
    assert "目前不在售" in paused


def test_structured_data_is_json_and_cannot_leave_its_element() -> None:
    product = make.make_product(name="</script><b>x", name_en="x & <y>")
    make.make_sku(product=product, price_minor=9850)
    page = body(f"/p/{product.slug}/")
    text = page.split('<script type="application/ld+json">')[1].split("</script>")[0]
    data = json.loads(text)
    assert data["name"] == "</script><b>x"
    assert data["offers"][0]["price"] == "98.50"
    assert "</script><b>" not in page


def test_operator_texts_are_escaped() -> None:
    product = make.make_product(name="<img src=x>", guide="<script>alert(1)</script>")
    make.make_sku(product=product, name="<i>")
    assert "<img src=x>" not in body(f"/p/{product.slug}/")
    assert "<script>alert" not in body(f"/p/{product.slug}/")
    assert "&lt;q&gt;" in body("/search/?q=<q>")


def test_lists_filters_and_orders(shop: None) -> None:
    assert "优酷VIP会员" in body("/c/video/")
    assert "优酷VIP会员" not in body("/c/video/?brand=iqiyi")
    assert "京东E卡" in body("/c/?kind=pool")
    cheap_first = body("/c/video/?sort=price")
    assert cheap_first.index("优酷VIP会员") < cheap_first.index("哔哩哔哩大会员")
    assert Client().get("/c/nobody/").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=999999",
        "page=x",
        "sort=evil",
        "min=-5",
        "min=1e400",
        "max=NaN",
        "kind=x",
        "q=%00",
        "q=" + "长" * 500,
        "brand=%27",
        "min=1&max=2&tag=hot",
    ],
)
def test_nonsense_in_an_address_is_no_error(query: str) -> None:
    make.make_sku()
    for path in ("/c/", "/search/"):
        assert Client().get(f"{path}?{query}").status_code == 200


def test_search_says_what_it_did(shop: None) -> None:
    assert "爱奇艺黄金VIP会员" in body("/search/?q=aqy")
    assert "“iqiyi”" in body("/search/?q=iqyi")
    assert "没有找到" in body("/search/?q=zzzzqqqq")


def test_a_live_search_gets_the_list_alone(shop: None) -> None:
    answer = Client(headers={"HX-Request": "true", "HX-Target": "found"}).get("/search/?q=aqy")
    page = answer.content.decode()
    assert "<html" not in page
    assert "爱奇艺黄金VIP会员" in page
    assert "HX-Request" in answer.headers["Vary"]


def test_statements_do_not_grow_with_the_shelf(
    warm: None,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in (1, 3):
        for _ in range(number):
            sku = make.make_sku(kind="topup")
        body("/c/")
        with django_assert_num_queries(0):
            body("/c/?sort=price")
            body(f"/p/{sku.product.slug}/?x=1")


def test_campaign_pages(shop: None) -> None:
    assert Client().get("/page/double-eleven/").status_code == 404
    make.make_block(
        "text",
        page="double-eleven",
        params={"html": "<p>满<script>x</script></p>", "html_en": "<p>Sale</p>"},
    )
    assert "<p>满</p>" in body("/page/double-eleven/")
    assert "<p>Sale</p>" in body("/page/double-eleven/", language="en")


def test_rails_by_source(shop: None) -> None:
    make.make_block(
        "rail",
        page="rails",
        title="手选",
        params={"source": "handpicked", "products": ["youku-vip", "nobody"]},
    )
    make.make_block(
        "rail", page="rails", title="空", params={"source": "handpicked", "products": []}
    )
    page = body("/page/rails/")
    assert "优酷VIP会员" in page
    assert "手选" in page
    assert ">空<" not in page


def test_a_kind_that_nobody_knows_any_more_is_left_out() -> None:
    make.make_block("flash_rail", page="old")
    make.make_block("text", page="old", params={"html": "<p>Still here</p>"})
    assert "Still here" in body("/page/old/")


def test_a_countdown_ends_by_itself(now: datetime) -> None:
    until = clock.now() + timedelta(hours=1)
    make.make_block(
        "countdown",
        page="end",
        title="倒数",
        params={"until": until.isoformat(), "link": "//evil.example"},
    )
    page = body("/page/end/")
    assert 'data-until="reload"' in page
    assert "evil.example" not in page


def test_the_preview_is_for_staff() -> None:
    answer = Client().get("/page/home/preview/?channel=main")
    assert answer.status_code == 302
    assert "login" in answer.headers["Location"]


def test_robots_and_site_map(shop: None) -> None:
    assert "Disallow: /orders/" in body("/robots.txt")
    listed = body("/sitemap.xml")
    assert "/p/iqiyi-gold-vip/</loc>" in listed
    assert "luckin" not in listed


def test_tags_are_shown_in_the_reader_s_language() -> None:
    hot, _ = Tag.objects.get_or_create(slug="hot", defaults={"name": "热门", "name_en": "Hot"})
    sku = make.make_sku(product=make.make_product(tags=(hot,)))
    assert "热门" in body(f"/p/{sku.product.slug}/")
    assert "Hot" in body(f"/p/{sku.product.slug}/", language="en")
