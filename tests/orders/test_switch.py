"""The kill switch of selling: off, nothing new is sold, and the buyer is told so."""

import pytest
from django.test import Client

from core import clock, switches
from core.crypto import ensure_data_key
from core.tx import step
from orders.models import Order
from orders.views.checkout import ACCEPT
from tests.factories.orders import stocked
from tests.orders.test_views import express

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    switches.forget()


def throw(*, on: bool) -> None:
    with step():
        switches.throw(name=ACCEPT, on=on, by="user:usr_T", note="test", now=clock.now())
    switches.forget()


def test_a_shop_that_is_switched_off_takes_no_order(client: Client) -> None:
    ensure_data_key()
    sku = stocked(2)
    throw(on=False)
    answer = client.post("/orders/place/", express(sku), headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "takes no new orders" in answer.content.decode()
    assert not Order.objects.exists()
    throw(on=True)
    assert client.post("/orders/place/", express(sku)).status_code == 303
