"""One browser, several people: signing out closes what the signed-in person bought."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Sku
from core.crypto import ensure_data_key
from core.ids import new_token
from fulfillment.models import CodeReveal, Delivery
from orders.models import Order
from orders.models.private import open_private
from tests.factories.accounts import PASSWORD, make_user
from tests.factories.orders import pay, stocked

pytestmark = pytest.mark.django_db


@pytest.fixture
def sku() -> Sku:
    ensure_data_key()
    return stocked(3)


def buy(client: Client, sku: Sku, **changes: Any) -> Order:
    form = {
        "sku": sku.code,
        "quantity": 1,
        "quoted_minor": 9850,
        "form_token": new_token(),
        "consent": "1",
        **changes,
    }
    assert client.post("/orders/place/", form).status_code == 303
    order = Order.objects.latest("id")
    pay(order)
    return order


def sign_in(client: Client, email: str) -> None:
    client.post(reverse("account_login"), {"login": email, "password": PASSWORD})
    assert "_auth_user_id" in client.session


def closed(client: Client, order: Order) -> bool:
    delivery = Delivery.objects.get(reference=order.public_id)
    looks = CodeReveal.objects.count()
    answers = [
        client.post(f"/orders/{order.public_id}/refund/"),
        client.get(f"/orders/{order.public_id}/"),
        client.get(f"/orders/{order.public_id}/status/"),
        client.get(f"/deliveries/{order.public_id}/"),
        client.post(f"/deliveries/{delivery.public_id}/reveal/"),
    ]
    refused = all(answer.status_code == 404 for answer in answers)
    return refused and CodeReveal.objects.count() == looks


def test_signing_out_closes_the_orders_of_the_account(client: Client, sku: Sku) -> None:
    make_user(email="ada@example.com")
    sign_in(client, "ada@example.com")
    order = buy(client, sku)
    assert client.get(f"/orders/{order.public_id}/").status_code == 200
    client.post(reverse("account_logout"))
    assert closed(client, order)
    client.get(f"/orders/{order.public_id}/?t=wrong")
    assert closed(client, order)
    make_user(email="eve@example.com")
    sign_in(client, "eve@example.com")
    assert closed(client, order)


def test_an_attached_order_is_the_accounts_from_then_on(client: Client, sku: Sku) -> None:
    order = buy(client, sku, contact="ada@example.com")
    thief = Client()
    thief.cookies["qy_orders"] = client.cookies["qy_orders"].value
    assert thief.get(f"/orders/{order.public_id}/").status_code == 200
    make_user(email="ada@example.com")
    sign_in(client, "ada@example.com")
    assert client.post(f"/orders/{order.public_id}/attach/").status_code == 303
    assert client.get(f"/orders/{order.public_id}/").status_code == 200
    assert closed(thief, order)


def test_a_guest_keeps_the_order_when_signing_in_and_out(client: Client, sku: Sku) -> None:
    order = buy(client, sku, contact="guest@example.com")
    make_user(email="ada@example.com")
    sign_in(client, "ada@example.com")
    client.post(reverse("account_logout"))
    assert client.get(f"/orders/{order.public_id}/").status_code == 200


def test_the_link_from_the_mail_opens_it_all_the_same(client: Client, sku: Sku) -> None:
    make_user(email="ada@example.com")
    sign_in(client, "ada@example.com")
    order = buy(client, sku)
    token = open_private(order.public_id, order.private_sealed).token
    client.post(reverse("account_logout"))
    assert client.get(f"/orders/{order.public_id}/?t={token}").status_code == 302
    assert client.get(f"/orders/{order.public_id}/").status_code == 200
