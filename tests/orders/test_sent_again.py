"""A cart's form that is sent again because its answer was lost: it finds its order, for its buyer alone."""

from typing import Any

import pytest
from django.test import Client

from catalog.models import Sku
from core.crypto import ensure_data_key
from orders.models import Order
from tests.factories.accounts import make_user
from tests.factories.orders import stocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def sku() -> Sku:
    ensure_data_key()
    return stocked(3)


def filled(client: Client, sku: Sku) -> dict[str, Any]:
    """The checkout form of a cart with one good."""
    client.post("/cart/add/", {"sku": sku.code, "quantity": 1})
    page = client.get("/checkout/").context
    return {
        "key": page["key"], "fingerprint": page["quote"]["fingerprint"], "provider": "localpay",
        "contact": "buyer@example.com", "consent": "1",
    }  # fmt: skip


def send(client: Client, form: dict[str, Any]) -> str:
    answer = client.post("/orders/place/", form)
    assert answer.status_code == 303
    return str(answer["Location"])


def test_the_second_click_finds_the_order_that_emptied_the_cart(client: Client, sku: Sku) -> None:
    form = filled(client, sku)
    send(client, form)
    order = Order.objects.get()
    # The first answer never came, and with it nothing that proves the order.
    client.cookies.pop("qy_orders")
    assert send(client, form) == f"/orders/{order.public_id}/"
    assert client.get(f"/orders/{order.public_id}/").status_code == 200
    assert Order.objects.count() == 1


@pytest.mark.parametrize("changes", [{"contact": "other@example.com"}, {"key": "x" * 22}])
def test_who_did_not_order_sees_an_empty_cart(
    client: Client, sku: Sku, changes: dict[str, str]
) -> None:
    form = filled(client, sku)
    send(client, form)
    stranger = Client()
    assert send(stranger, form | changes) == "/cart/"
    assert "qy_orders" not in stranger.cookies


def test_an_account_s_form_is_nobody_else_s(client: Client, sku: Sku) -> None:
    client.force_login(make_user(email="lin@example.com"))
    form = filled(client, sku)
    send(client, form)
    order = Order.objects.get()
    assert order.owner
    other = Client()
    assert send(other, form) == "/cart/"
    other.force_login(make_user(email="mo@example.com"))
    assert send(other, form) == "/cart/"
    assert send(client, form) == f"/orders/{order.public_id}/"
