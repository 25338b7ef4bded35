"""What strangers learn and can move by headers: health, metrics, hosts, redirects, cached pages."""

import pytest
from django.test import Client
from pytest_django import Settings

from core.crypto import ensure_data_key
from tests.factories.catalog import make_sku
from tests.factories.orders import make_order, stocked

pytestmark = pytest.mark.django_db
ELSEWHERE = ["//evil.example", "https://evil.example", "/\\evil.example", "http:evil.example",
             "https:///evil.example", "javascript:alert(1)", "\t//evil.example"]  # fmt: skip


def test_strangers_see_no_insides(settings: Settings) -> None:
    stranger = Client(REMOTE_ADDR="203.0.113.9")
    for page in ("/metrics/", "/health/parts/"):
        assert stranger.get(page).status_code == 404
    settings.METRICS_TOKEN = "right"
    for token in ("", "Bearer ", "Bearer wrong", "Bearer rightx", "right", "Bearer é"):
        assert Client().get("/metrics/", headers={"Authorization": token}).status_code == 404
    assert Client().get("/metrics/", headers={"Authorization": "Bearer right"}).status_code == 200
    settings.METRICS_TOKEN, settings.TRUSTED_PROXY_HOPS = "", 1
    spoofed = {"X-Forwarded-For": "127.0.0.1"}
    assert stranger.get("/metrics/", headers=spoofed).status_code == 404
    assert Client().get("/metrics/", headers=spoofed).status_code == 404


def test_health_says_nothing_but_well(client: Client) -> None:
    for form in ("", "json", "text", "atom", "rss", "openmetrics"):
        answer = client.get("/health/", {"format": form})
        assert answer.status_code == 200
        text = answer.content.decode().lower()
        assert not [
            word for word in ("quanyi_app", "psycopg", "password", "sock", "redis") if word in text
        ]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_redirect_leads_elsewhere(address: str, client: Client) -> None:
    answers = [
        client.post("/language/", {"language": "en", "next": address}),
        client.post("/language/", {"language": "en"}, headers={"Referer": address}),
        client.get("/accounts/login/", {"next": address}),
        client.post("/accounts/login/", {"login": "x", "password": "y", "next": address}),
        client.get("/admin/login/", {"next": address}),
        client.get(f"/checkout/?sku={address}"),
        client.post("/cart/add/", {"sku": address, "next": address}),
    ]
    for answer in answers:
        assert "evil" not in answer.get("Location", "").split("next=")[0]
        text = answer.content.decode()
        assert 'href="https://evil' not in text
        assert 'href="//evil' not in text


def test_the_host_header_moves_nothing() -> None:
    ensure_data_key()
    sku = make_sku()
    page = f"/p/{sku.product.slug}/"
    for headers in ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"},
                    {"X-Original-Url": "/admin/"}, {"X-Forwarded-Proto": "javascript"},
                    {"X-Forwarded-Prefix": "/evil.example"}, {"X-Script-Name": "/evil.example"}):  # fmt: skip
        for path in ("/", page, "/sitemap.xml", "/robots.txt", "/lookup/"):
            answer = Client().get(path, headers=headers)
            assert answer.status_code in (200, 400)
            assert "evil.example" not in answer.content.decode()
    assert "evil" not in Client().get(page).content.decode()


def test_a_kept_page_holds_nothing_of_who_asked_first() -> None:
    sku = stocked(2)
    page = f"/p/{sku.product.slug}/"
    first = Client(headers={"Accept-Language": "en", "User-Agent": "CANARY-AGENT"})
    first.cookies["qy_basket"] = "CANARYBASKET0123456789"
    first.cookies["qy_csrf"] = "C" * 32
    seen = first.get(
        page, headers={"X-Forwarded-For": "203.0.113.77", "Referer": "https://CANARY.example/"}
    )
    second = Client(headers={"Accept-Language": "en"})
    text = second.get(page).content.decode()
    for canary in ("CANARY", "203.0.113.77", "C" * 32):
        assert canary not in text
    token = seen.content.decode().split('name="csrfmiddlewaretoken" value="')[1][:64]
    assert token not in text
    assert "private" in second.get(page)["Cache-Control"]


def test_pages_with_goods_are_kept_by_no_cache(client: Client) -> None:
    order = make_order(stocked(1))
    for page in (f"/orders/{order.public_id}/", "/checkout/", "/cart/", "/lookup/", "/wallet/",
                 f"/orders/{order.public_id}/status/", "/accounts/login/", "/account/"):  # fmt: skip
        control = client.get(page).get("Cache-Control", "")
        assert "no-store" in control or client.get(page).status_code in (302, 404), page


def test_cookies_are_out_of_reach_of_scripts(client: Client) -> None:
    sku = stocked(1)
    client.post("/cart/add/", {"sku": sku.code})
    client.get("/lookup/")
    for name, morsel in client.cookies.items():
        assert morsel["samesite"] == "Lax", name
        assert name == "qy_cart" or morsel["httponly"], name
