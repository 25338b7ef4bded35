from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from catalog.search.find import Filters, find
from catalog.services.import_catalogue import import_catalogue
from tests.factories import catalog as make

CATALOGUE = Path(__file__).resolve().parents[3] / "demo" / "data" / "catalogue.csv"


@pytest.fixture
def shop(db: None, now: datetime) -> None:
    make.base()
    import_catalogue(content=CATALOGUE.read_bytes(), now=now, acting="system")
    make.fresh()


def titles(query: str, now: datetime, **filters: object) -> list[str]:
    found = find(query, Filters(**filters), channel=make.channel(), now=now)  # type: ignore[arg-type]
    return [item.title for item in found.items]


FOUND = [
    ("爱奇艺", "爱奇艺黄金VIP会员"),
    ("黄金会员", "爱奇艺黄金VIP会员"),
    ("aiqiyi", "爱奇艺黄金VIP会员"),
    ("aqy", "爱奇艺黄金VIP会员"),
    ("iqiyi", "爱奇艺黄金VIP会员"),
    ("IQIYI gold", "爱奇艺黄金VIP会员"),
    ("IQY-GOLD-M", "爱奇艺黄金VIP会员"),
    ("ｉＱＩＹＩ", "爱奇艺黄金VIP会员"),
    ("jd", "京东E卡"),
    ("京东 e卡", "京东E卡"),
    ("jingdong", "京东E卡"),
    ("huafei", "中国移动话费"),
    ("yidong", "中国移动话费"),
    ("wyy", "网易云音乐黑胶VIP"),
    ("b站", None),
    ("bilibili", "哔哩哔哩大会员"),
    ("steam 100", "Steam钱包充值码"),
]


MISTYPED = [
    ("iqyi", "爱奇艺黄金VIP会员"),
    ("aiqyi", "爱奇艺黄金VIP会员"),
    ("爱奇异", "爱奇艺黄金VIP会员"),
    ("爱其艺会员", "爱奇艺黄金VIP会员"),
    ("staem", "Steam钱包充值码"),
    ("tencnet video", "腾讯视频VIP会员"),
    ("喜马拉亚", "喜马拉雅VIP会员"),
]


def test_first_match(shop: None, now: datetime) -> None:
    seen = [(query, next(iter(titles(query, now)), None)) for query, _title in FOUND]
    assert seen == FOUND


def test_typing_mistakes(shop: None, now: datetime) -> None:
    seen = [(query, next(iter(titles(query, now)), None)) for query, _title in MISTYPED]
    assert seen == MISTYPED


def test_a_correction_is_said(shop: None, now: datetime) -> None:
    channel = make.channel()
    assert find("iqyi", Filters(), channel=channel, now=now).corrected == "iqiyi"
    assert find("iqiyi", Filters(), channel=channel, now=now).corrected == ""


def test_nothing_is_found_for_nonsense(shop: None, now: datetime) -> None:
    assert [
        titles(query, now) for query in ("zzzzqqqq", "龘龘龘", "100% qqqzzz", "'; qxzqxz --")
    ] == [[]] * 4


def test_signs_alone_narrow_nothing(shop: None, now: datetime) -> None:
    everything = titles("", now)
    assert [titles(query, now) for query in ("%", "_", "\\", "。，！")] == [everything] * 4


def test_paused_products_are_not_found(shop: None, now: datetime) -> None:
    assert titles("瑞幸", now) == []


def test_filters(shop: None, now: datetime) -> None:
    assert set(titles("", now, category="video")) == {
        "爱奇艺黄金VIP会员", "腾讯视频VIP会员", "优酷VIP会员", "芒果TV会员", "哔哩哔哩大会员",
    }  # fmt: skip
    assert titles("会员", now, brand="youku") == ["优酷VIP会员"]
    assert "哔哩哔哩大会员" in titles("", now, tag="new")
    assert "爱奇艺黄金VIP会员" not in titles("", now, tag="new")
    channel = make.channel()
    for item in find("", Filters(kind="pool"), channel=channel, now=now).items:
        assert item.delivery_kind == "pool"
    for item in find(
        "", Filters(lowest_minor=90_000, highest_minor=100_000), channel=channel, now=now
    ).items:
        assert any(90_000 <= offer.unit_minor <= 100_000 for offer in item.offers)


def test_sorting(shop: None, now: datetime) -> None:
    channel = make.channel()
    for sort, sign in (("price", 1), ("-price", -1)):
        found = find("", Filters(sort=sort), channel=channel, now=now).items
        prices = [item.lowest.unit_minor * sign for item in found if item.lowest]
        assert prices == sorted(prices)


def test_pages_divide_the_whole(shop: None, now: datetime) -> None:
    channel = make.channel()
    first = find("", Filters(), channel=channel, now=now)
    seen = [
        item.slug
        for page in range(1, first.pages + 1)
        for item in find("", Filters(), channel=channel, now=now, page=page).items
    ]
    assert len(seen) == len(set(seen)) == first.total
    assert find("", Filters(), channel=channel, now=now, page=999).page == first.pages


def test_statements(
    warm: None, shop: None, now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    channel = make.channel()
    find("会员", Filters(), channel=channel, now=now)
    with django_assert_num_queries(0):
        find("", Filters(category="video", sort="price"), channel=channel, now=now)
    with django_assert_num_queries(1):
        find("黄金会员 iqiyi", Filters(), channel=channel, now=now)


def test_a_price_filter_follows_the_dated_price(db: None, now: datetime) -> None:
    sku = make.make_sku(price_minor=1000, cost_minor=None)
    make.make_price(sku, 500, starts_at=now + timedelta(hours=1))
    cheap = Filters(highest_minor=600)
    channel = make.channel()
    assert find("", cheap, channel=channel, now=now).total == 0
    assert find("", cheap, channel=channel, now=now + timedelta(hours=1)).total == 1


def test_a_prefix_is_found_by_an_index_made_for_it(db: None) -> None:
    """Which plan is chosen depends on statistics a test has not; that it can be, does not."""
    with connection.cursor() as cursor:
        cursor.execute("select indexdef from pg_indexes where indexname = 'catalog_token_prefix'")
        ((definition,),) = cursor.fetchall()
    assert "(token varchar_pattern_ops)" in definition
