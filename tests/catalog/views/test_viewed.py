"""What a visitor looked at last stays in his browser, within limits, and can be emptied."""

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import page_cache
from catalog.viewed import COOKIE, MAX_BYTES, MOST
from tests.factories import catalog as make

pytestmark = pytest.mark.django_db
LIVE = {"HX-Request": "true"}


@pytest.fixture
def slugs() -> list[str]:
    return [make.make_sku(kind="topup").product.slug for _ in range(4)]


def looked_at(client: Client) -> list[str]:
    return client.cookies[COOKIE].value.split(".") if COOKIE in client.cookies else []


def test_the_last_one_comes_first_and_each_once(slugs: list[str]) -> None:
    client = Client()
    for slug in (*slugs, slugs[0]):
        client.get(f"/p/{slug}/")
    assert looked_at(client) == [slugs[0], *reversed(slugs[1:])]
    page = client.get("/viewed/?limit=2", headers=LIVE).content.decode()
    found = [page.find(f'href="/p/{slug}/"') for slug in looked_at(client)]
    assert 0 < found[0] < found[1]
    assert found[2:] == [-1, -1]


def test_a_kept_page_carries_nobody_s_cookie(slugs: list[str]) -> None:
    path = f"/p/{slugs[0]}/"
    first, second = Client(), Client()
    for client in (first, second, first):
        assert client.get(path).status_code == 200
        assert looked_at(client) == [slugs[0]]
    (page,) = page_cache._pages.values()
    assert not [name for name, _ in page.headers if name.lower() == "set-cookie"]


def test_it_is_short_and_only_addresses() -> None:
    client = Client()
    for n in range(MOST + 5):
        sku = make.make_sku(product=make.make_product(slug=f"{n:02d}" + "x" * 50))
        client.get(f"/p/{sku.product.slug}/")
    morsel = client.cookies[COOKIE]
    assert len(looked_at(client)) == MOST
    assert len(morsel.value) <= MAX_BYTES
    assert morsel["httponly"]
    assert morsel["samesite"] == "Lax"


@pytest.mark.parametrize("said", ["../x.<b>", "x" * 5000, "a" * 70, "....", "%00.'or 1=1"])
def test_a_forged_cookie_shows_nothing(said: str) -> None:
    client = Client()
    client.cookies[COOKIE] = said
    assert client.get("/viewed/", headers=LIVE).status_code == 204
    assert "这里什么都没有" in client.get("/viewed/").content.decode()


def test_a_browser_that_asks_not_to_be_followed_is_not(slugs: list[str]) -> None:
    for header in ({"Sec-GPC": "1"}, {"DNT": "1"}, {"Sec-Purpose": "prefetch;prerender"}):
        client = Client(headers=header)
        client.get(f"/p/{slugs[0]}/")
        assert looked_at(client) == []


def test_only_products_that_are_there_count() -> None:
    client = Client()
    assert client.get("/p/nobody/").status_code == 404
    assert looked_at(client) == []


def test_the_server_writes_nothing_down(slugs: list[str]) -> None:
    client = Client()
    with CaptureQueriesContext(connection) as caught:
        client.get(f"/p/{slugs[0]}/")
        client.get("/viewed/")
        client.post("/viewed/forget/")
    tables = {model._meta.db_table for model in apps.get_models()}
    written = [q["sql"] for q in caught.captured_queries if q["sql"][:6] in ("INSERT", "UPDATE")]
    assert not [sql for sql in written if any(f'"{table}"' in sql for table in tables)]


def test_a_visitor_empties_it_with_and_without_script(slugs: list[str]) -> None:
    for headers, status in ((LIVE, 204), ({}, 302)):
        client = Client()
        client.get(f"/p/{slugs[0]}/")
        assert client.post("/viewed/forget/", headers=headers).status_code == status
        assert client.get("/viewed/", headers=LIVE).status_code == 204
    assert Client(enforce_csrf_checks=True).post("/viewed/forget/").status_code == 403
    assert Client().get("/viewed/forget/").status_code == 405


def test_the_fragment_is_never_kept(slugs: list[str]) -> None:
    client = Client()
    client.get(f"/p/{slugs[0]}/")
    page_cache.forget()
    for headers in (LIVE, {}):
        answer = client.get("/viewed/", headers=headers)
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert slugs[0] in answer.content.decode()
    assert page_cache._pages == {}
