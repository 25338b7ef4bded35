"""Limits by address: by the hop that our proxy wrote, by the /64 of an IPv6 person, never in clear."""

import pytest
from django.test import Client
from pytest_django import Settings

from core.crypto import ensure_data_key
from core.models import LimitCount
from orders.models import Notice
from orders.services import receive_notice
from orders.views import cart
from tests.factories.catalog import make_sku

pytestmark = pytest.mark.django_db


def test_a_whole_ipv6_network_is_one_person_for_the_cart(monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_data_key()
    monkeypatch.setattr(cart, "ADDS_AN_HOUR", 2)
    sku = make_sku()
    for number in range(4):
        Client(REMOTE_ADDR=f"2001:db8::{number + 1}").post("/cart/add/", {"sku": sku.code})
    row = LimitCount.objects.get(key__startswith="cart:")
    assert row.used == 2
    assert "2001" not in row.key


def test_forged_notices_are_kept_by_network_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receive_notice, "FORGED_AN_HOUR", 2)
    for number in range(4):
        answer = Client(REMOTE_ADDR=f"2001:db8::{number + 1}").post(
            "/pay/localpay/notice/", f"a={number}", content_type="application/x-www-form-urlencoded"
        )
        assert 400 <= answer.status_code < 500
    assert Notice.objects.count() == 2


def test_a_client_does_not_choose_its_address(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_data_key()
    monkeypatch.setattr(cart, "ADDS_AN_HOUR", 2)
    settings.TRUSTED_PROXY_HOPS = 1
    sku = make_sku()
    for number in range(4):
        Client().post(
            "/cart/add/",
            {"sku": sku.code},
            headers={"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.7"},
        )
    assert LimitCount.objects.get(key__startswith="cart:").used == 2
