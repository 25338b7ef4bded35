"""Every kind of block: what it refuses, and what it makes of settings that nobody checked."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlunsplit

import pytest
from django.test import Client

from catalog.blocks import BLOCK_KINDS, FRAGMENTS, Fragment, Moment
from catalog.models import Brand, Tag
from tests.factories import catalog as make

pytestmark = pytest.mark.django_db
UNTIL = "2026-12-01T00:00:00+08:00"
NONSENSE: tuple[dict[str, Any], ...] = (
    {},
    {"skus": [None, 5], "products": [{}], "limit": "x", "source": 7, "slug": None, "hue": "red"},
    {
        "until": "tomorrow",
        "link": "javascript:alert(1)",
        "link_1": "//evil.example",
        "title_1": "x",
    },
    {"html": "<script>alert(1)</script>", "text": None, "line": "yes", "limit": 10**9, "hue": -7},
)


def web(host: str, path: str) -> str:
    """An address on another site."""
    return urlunsplit(("https", host, path, "", ""))


def refused(kind: str, params: dict[str, Any]) -> set[str]:
    """Names of the settings that the kind's form refuses."""
    return set(BLOCK_KINDS.get(kind).form(params).errors)


@pytest.mark.parametrize(
    ("kind", "params", "wrong"),
    [
        ("rail", {"source": "nowhere"}, "source"),
        ("rail", {"source": "tag"}, "slug"),
        ("rail", {"source": "tag", "slug": "nobody"}, "slug"),
        ("rail", {"source": "handpicked"}, "products"),
        ("rail", {"source": "handpicked", "products": ["nobody"]}, "products"),
        ("rail", {"source": "handpicked", "products": ["<b>"]}, "products"),
        ("rail", {"source": "hot", "limit": 25}, "limit"),
        ("rail", {"source": "hot", "limit": 0}, "limit"),
        ("rail", {"source": "hot", "sort": "evil"}, "sort"),
        ("countdown", {}, "until"),
        ("countdown", {"until": "tomorrow"}, "until"),
        ("countdown", {"until": "2026-13-40T99:00"}, "until"),
        ("countdown", {"until": UNTIL, "link": "//evil.example"}, "link"),
        ("banner", {"link": web("evil.example", "/")}, "link"),
        ("banner", {"link": "javascript:alert(1)"}, "link"),
        ("banner", {"link": "/\\evil.example"}, "link"),
        ("banner", {"link": "/\t/evil.example"}, "link"),
        ("banner", {"hue": 7}, "hue"),
        ("banner", {"hue": 400}, "hue"),
        ("banner", {"text": "长" * 201}, "text"),
        ("hero", {"skus": ["NOBODY"]}, "skus"),
        ("text", {"html": ""}, "html"),
        ("text", {"html": "x" * 20_001}, "html"),
        ("cards", {}, "title_1"),
        ("cards", {"title_1": "A"}, "link_1"),
        ("cards", {"title_1": "A", "link_1": "/c/", "title_3": "B"}, "link_3"),
        ("coupons", {"limit": 99}, "limit"),
        ("flash", {"sale": "no address"}, "sale"),
    ],
)
def test_settings_are_refused(kind: str, params: dict[str, Any], wrong: str) -> None:
    make.base()
    assert refused(kind, params) == {wrong}


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("rail", {"source": "hot", "sort": "-price", "limit": 4}),
        ("rail", {"source": "tag", "slug": "hot"}),
        ("countdown", {"until": UNTIL, "link": "/c/video/", "after": "完"}),
        ("countdown", {"until": "2026-12-01T00:00"}),
        ("banner", {"hue": 25, "link": "/page/sale/?a=1#b"}),
        ("cards", {"title_1": "A", "link_1": "/c/", "hue_1": 0}),
        ("heading", {"line": True}),
        ("viewed", {}),
        ("categories", {}),
    ],
)
def test_what_a_form_keeps_it_takes_again(kind: str, params: dict[str, Any]) -> None:
    make.base()
    asked = BLOCK_KINDS.get(kind).form(params)
    assert asked.is_valid(), asked.errors
    again = BLOCK_KINDS.get(kind).form(asked.stored())
    assert again.is_valid()
    assert again.stored() == asked.stored()


def test_links_of_products_are_taken_for_their_addresses() -> None:
    one, two = (make.make_sku().product.slug for _ in range(2))
    said = f"{web('shop.example', f'/p/{one}/')}?sku=X#top，/p/{two}/\n{one}"
    asked = BLOCK_KINDS.get("rail").form({"source": "handpicked", "products": said})
    assert asked.is_valid(), asked.errors
    assert asked.stored()["products"] == [one, two]


@pytest.mark.parametrize("kind", sorted(BLOCK_KINDS.all()))
@pytest.mark.parametrize("params", NONSENSE)
def test_settings_that_nobody_checked_break_no_page(kind: str, params: dict[str, Any]) -> None:
    make.make_sku()
    make.make_block("text", page="odd", params={"html": "<p>Here</p>"})
    make.make_block(kind, page="odd", params=params)
    page = Client().get("/page/odd/").content.decode()
    assert "Here" in page
    assert "evil.example" not in page
    assert "alert(1)" not in page


def rail(now: datetime, **params: Any) -> list[str]:
    made = BLOCK_KINDS.get("rail").build(params, Moment(make.channel(), "en", now))
    return [card.title for card in made["cards"]] if made else []


def test_rails_by_brand_tag_and_order(now: datetime) -> None:
    brand = Brand.objects.create(slug="acme", name="爱马", name_en="Acme", hue=25)
    tag = Tag.objects.create(slug="party", name="聚会", name_en="Party")
    for name, price, age in (("Cheap", 100, 1), ("Dear", 900, 3), ("Middle", 500, 2)):
        product = make.make_product(
            name=name, name_en=name, brand=brand, tags=(tag,) if name != "Dear" else (),
            created_at=now - timedelta(days=age),
        )  # fmt: skip
        make.make_sku(product=product, price_minor=price)
    make.make_sku(price_minor=1)
    assert set(rail(now, source="brand", slug="acme")) == {"Cheap", "Dear", "Middle"}
    assert rail(now, source="brand", slug="acme", sort="price") == ["Cheap", "Middle", "Dear"]
    assert rail(now, source="brand", slug="acme", sort="-price") == ["Dear", "Middle", "Cheap"]
    assert rail(now, source="brand", slug="acme", sort="new") == ["Cheap", "Middle", "Dear"]
    assert rail(now, source="tag", slug="party", sort="price") == ["Cheap", "Middle"]
    assert rail(now, source="brand", slug="acme", sort="price", limit=1) == ["Cheap"]
    assert rail(now, source="brand", slug="nobody") == []


def test_a_live_block_shows_nothing_until_its_floor_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make.make_block("text", page="sale", params={"html": "<p>Here</p>"})
    make.make_block("coupons", page="sale", title="领券", params={"limit": 3})
    monkeypatch.setattr(FRAGMENTS, "_entries", {})
    make.fresh()
    assert "领券" not in Client().get("/page/sale/").content.decode()
    monkeypatch.setattr(
        FRAGMENTS, "_entries", {"coupons": Fragment("catalog:viewed", "catalog:all")}
    )
    make.fresh()
    page = Client().get("/page/sale/").content.decode()
    assert 'hx-get="/viewed/?limit=3"' in page
    assert "领券" in page
    noscript = page[page.index("<noscript>") : page.index("</noscript>")]
    assert 'href="/c/"' in noscript


def test_only_pages_with_live_blocks_bring_script() -> None:
    make.make_block("text", page="still", params={"html": "<p>x</p>"})
    make.make_block("viewed", page="moving")
    assert "blocks.js" not in Client().get("/page/still/").content.decode()
    page = Client().get("/page/moving/").content.decode()
    assert "blocks.js" in page
    assert "htmx" in page
