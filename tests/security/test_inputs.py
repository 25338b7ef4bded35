"""Foreign input that is no text, on every address that strangers may write to: an answer, never a 500."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from core.crypto import ensure_data_key
from orders.payments.localpay import signing
from simulators.process import Simulator
from tests.factories.catalog import make_sku
from tests.factories.orders import stocked
from tests.factories.supply import connect

pytestmark = pytest.mark.django_db
ODD = ["\x00", "\ud800", "a\x00b", "\U0001f4a9" * 200, "%s%n", "٣", "-1", "9" * 40]


@pytest.fixture(autouse=True)
def _keys() -> None:
    ensure_data_key()


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["number", "notice_id", "sign", "currency", "key_id"])
def test_notices(odd: str, name: str) -> None:
    known = next(iter(signing.keys().gateway))
    body = json.dumps({"sign_type": "RSA2", "key_id": known, "sign": "AAAA", name: odd})
    answer = Client().post("/pay/localpay/notice/", body, content_type="application/json")
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("odd", ODD)
def test_callbacks(odd: str, supplier_c: Simulator) -> None:
    supplier = connect(supplier_c.url)
    body = json.dumps({"order": {"external_id": odd, "id": odd, "state": odd}})
    answer = Client().post(
        f"/suppliers/{supplier.code}/callback/", body, content_type="application/json",
        headers={"X-Key-Id": "k", "X-Signature": "s", "X-Callback-Id": "c", "X-Timestamp": "9" * 16},
    )  # fmt: skip
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("odd", ODD)
def test_shop_forms(odd: str, client: Client) -> None:
    sku = make_sku(kind="topup")
    odd = odd.encode("utf-8", "replace").decode()
    forms: list[tuple[str, dict[str, Any]]] = [
        ("/cart/add/", {"sku": odd}),
        ("/cart/add/", {"sku": sku.code, "quantity": odd}),
        ("/cart/add/", {"sku": sku.code, "in_phone": odd}),
        ("/cart/update/", {"line": odd, "quantity": odd}),
        ("/lookup/", {"order": odd, "contact": odd, "secret": odd}),
        ("/lookup/", {"order": "x", "contact": f"a{odd}@b.c", "secret": odd}),
        ("/orders/place/", {"sku": sku.code, "in_phone": odd, "contact": odd, "consent": "1"}),
        ("/orders/place/", {"sku": sku.code, "in_phone": "13800138000", "contact": "a@b.co",
                            "consent": "1", "form_token": odd, "fingerprint": odd, "secret": odd,
                            "quoted_minor": odd, "provider": odd}),
        ("/language/", {"language": odd, "next": odd}),
        (reverse("account_login"), {"login": odd, "password": odd}),
        (reverse("account_request_login_code"), {"email": odd}),
        (reverse("account_signup"), {"email": odd, "phone": odd, "password1": odd}),
        (reverse("account_reset_password"), {"email": odd}),
    ]  # fmt: skip
    for path, form in forms:
        client.cookies["qy_basket"] = "x"
        assert client.post(path, form).status_code < 500, (path, form)


@pytest.mark.parametrize("odd", ODD)
def test_addresses(odd: str, client: Client) -> None:
    sku = make_sku()
    order = "ord_0000000000000000"
    odd = odd.encode("utf-8", "replace").decode()
    client.force_login(User.objects.create(email="a@example.com"))
    for path, names in {
        "/": ["page"], "/c/": ["page", "sort", "brand", "min", "max", "q"], f"/p/{sku.product.slug}/": ["sku"],
        "/search/": ["q", "page", "sort", "brand", "category"], "/checkout/": ["sku", "quantity"],
        f"/orders/{order}/": ["t", "back"], f"/orders/{order}/status/": ["seen", "n"],
        "/wallet/": ["show", "page"], f"/pay/localpay/return/{order}/": ["hint"],
    }.items():  # fmt: skip
        for name in names:
            assert client.get(path, {name: odd}).status_code < 500, (path, name)


@pytest.mark.parametrize("odd", ["\x00", "\x00" * 10, "x" * 5000, "é", "a.b.c:d"])
@pytest.mark.parametrize("name", ["qy_orders", "qy_basket", "qy_cart", "messages", "qy_language"])
def test_cookies(odd: str, name: str) -> None:
    for path in ("/cart/", "/checkout/", "/lookup/", "/orders/ord_0000000000000000/"):
        client = Client()
        client.cookies[name] = odd
        assert client.get(path).status_code < 500


def test_a_cart_token_with_a_zero_byte() -> None:
    sku = stocked(1)
    client = Client(HTTP_COOKIE='qy_basket="a\\000b"')
    assert client.get("/cart/").status_code < 500
    assert client.post("/cart/add/", {"sku": sku.code}).status_code < 500
