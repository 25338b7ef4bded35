import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from catalog import page_cache
from catalog.services.set_price import set_price
from core import clock
from tests.factories import catalog as make

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def visit(path: str, **headers: str) -> tuple[str, Any]:
    """A new visitor opens a page; text and answer."""
    answer = Client(headers=headers).get(path)
    return answer.content.decode(), answer


@pytest.fixture
def path() -> str:
    return f"/p/{make.make_sku(price_minor=9850, cost_minor=100).product.slug}/"


def test_a_kept_page_costs_no_statement(
    warm: None, path: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first, _ = visit(path)
    with django_assert_num_queries(0):
        second, answer = visit(path)
    assert answer.status_code == 200
    assert len(page_cache._pages) == 1
    strip = re.compile(r'value="[^"]{20,}"|data-now="[^"]*"')
    assert strip.sub("", first) == strip.sub("", second)


def test_every_visitor_gets_tokens_of_his_own(path: str) -> None:
    pages = [visit(path)[0] for _ in range(3)]
    assert len({TOKEN.search(page)[1] for page in pages}) == 3  # type: ignore[index]
    assert len({CSRF.search(page)[1] for page in pages}) == 3  # type: ignore[index]
    for page in pages:
        assert page_cache.CSRF_MARK not in page
        assert page_cache.TOKEN_MARK not in page


def test_the_token_of_a_kept_page_is_good_for_a_post(path: str) -> None:
    visit(path)
    client = Client(enforce_csrf_checks=True)
    page = client.get(path).content.decode()
    token = CSRF.search(page)[1]  # type: ignore[index]
    passed = client.post("/language/", {"language": "en", "csrfmiddlewaretoken": token})
    assert passed.status_code == 302
    refused = client.post("/language/", {"language": "en", "csrfmiddlewaretoken": "x" * 64})
    assert refused.status_code == 403


def test_one_visitor_keeps_one_secret(path: str, settings: Settings) -> None:
    client = Client()
    client.get(path)
    secret = client.cookies[settings.CSRF_COOKIE_NAME].value
    again = client.get(path)
    assert settings.CSRF_COOKIE_NAME not in again.cookies
    assert client.cookies[settings.CSRF_COOKIE_NAME].value == secret


def test_the_cookie_is_as_strict_as_django_s_own(path: str, settings: Settings) -> None:
    visit(path)
    morsel = visit(path)[1].cookies[settings.CSRF_COOKIE_NAME]
    assert morsel["httponly"]
    assert morsel["samesite"] == settings.CSRF_COOKIE_SAMESITE
    assert morsel["path"] == settings.CSRF_COOKIE_PATH


def test_headers_are_those_of_the_first_answer(path: str) -> None:
    first, second = visit(path)[1], visit(path)[1]
    ours = {
        "Content-Type",
        "Content-Language",
        "Cache-Control",
        "Vary",
        "X-Frame-Options",
        "Content-Security-Policy",
    }
    assert {name: first.headers.get(name) for name in ours} == {
        name: second.headers.get(name) for name in ours
    }
    assert second.headers["Cache-Control"] == "private, no-cache"
    assert "default-src" in second.headers["Content-Security-Policy"]


def test_languages_do_not_mix(path: str) -> None:
    chinese, english = visit(path)[0], visit(path, **{"accept-language": "en"})[0]
    assert 'lang="zh-hans"' in chinese
    assert 'lang="en"' in english
    assert visit(path)[0].count('lang="zh-hans"') == chinese.count('lang="zh-hans"')


def test_a_signed_in_visitor_is_not_served_from_the_cache(path: str, settings: Settings) -> None:
    visit(path)
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = "whatever"
    page_cache._pages.clear()
    client.get(path)
    assert page_cache._pages == {}


def test_a_flash_message_is_not_kept(path: str) -> None:
    client = Client()
    client.cookies["messages"] = "whatever"
    client.get(path)
    assert page_cache._pages == {}


def test_a_new_price_shows_at_once(path: str, now: datetime) -> None:
    from catalog.models import Price

    assert "¥98.50" in visit(path)[0]
    row = Price.objects.get()
    set_price(
        sku_id=row.sku_id,
        price_list_id=row.price_list_id,
        amount_minor=8800,
        now=now,
        acting="system",
    )
    page = visit(path)[0]
    assert "¥88.00" in page
    assert "¥98.50" not in page


def test_a_dated_price_shows_when_its_second_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    at = clock.now()
    sku = make.make_sku(price_minor=9850, cost_minor=100)
    make.make_price(sku, 7700, starts_at=at + timedelta(hours=1))
    path = f"/p/{sku.product.slug}/"
    assert "¥98.50" in visit(path)[0]
    assert "¥98.50" in visit(path)[0]
    for moment, shown in (
        (timedelta(minutes=59), "¥98.50"),
        (timedelta(hours=1, seconds=1), "¥77.00"),
    ):
        reading = clock.now
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda: reading() + moment)  # noqa: B023
            assert shown in visit(path)[0]


def test_channels_do_not_mix() -> None:
    sku = make.make_sku(price_minor=9850, cost_minor=100)
    corner = make.make_channel("corner", hosts=["localhost"], path_prefix="s/corner")
    make.make_price(sku, 11100, price_list=corner.price_list)
    path = f"/p/{sku.product.slug}/"
    for _ in range(2):
        main = Client().get(path, headers={"host": "testserver"}).content.decode()
        by_host = Client().get(path, headers={"host": "localhost"}).content.decode()
        by_path = Client().get("/s/corner" + path, headers={"host": "testserver"}).content.decode()
        assert "¥98.50" in main
        assert "¥111.00" not in main
        assert "¥111.00" in by_host
        assert "¥111.00" in by_path
        assert 'href="/s/corner/cart/"' in by_path
        assert 'href="/cart/"' in main


def test_only_addresses_that_name_something_are_kept(path: str) -> None:
    sku = make.make_sku()
    for query in ("?x=1", "?sku=NOBODY", "?utm_source=a", "?" + "a" * 500):
        assert visit(path + query)[1].status_code == 200
    assert visit("/p/nobody/")[1].status_code == 404
    assert visit("/search/?q=x")[1].status_code == 200
    assert page_cache._pages == {}
    visit(f"/p/{sku.product.slug}/?sku={sku.code}")
    assert len(page_cache._pages) == 1


def test_the_memory_is_bounded(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    visit(path)
    size = page_cache._held_bytes
    monkeypatch.setattr(page_cache, "MAX_BYTES", size + 1)
    visit("/")
    assert len(page_cache._pages) == 1
    monkeypatch.setattr(page_cache, "MAX_PAGE_BYTES", 10)
    page_cache.forget()
    visit(path)
    assert page_cache._pages == {}


def test_head_and_post_pass_by(path: str) -> None:
    assert Client().head(path).status_code == 200
    assert Client().post(path).status_code == 405
    assert page_cache._pages == {}


def test_a_path_prefix_ends_with_its_request(path: str) -> None:
    make.make_channel("corner", path_prefix="s/corner")
    client = Client()
    assert 'href="/s/corner/cart/"' in client.get("/s/corner/").content.decode()
    assert 'href="/cart/"' in client.get(path).content.decode()
    assert client.get("/s/cornered/").status_code == 404
