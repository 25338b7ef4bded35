"""The board of a shared pool: what it shows, what may be done on it and by whom."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import localtime

from catalog.models import Channel, Sku
from core import clock
from fulfillment.models import Code, PoolShare, ShareTicket
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import make_stock

pytestmark = pytest.mark.django_db


@pytest.fixture
def sku() -> Sku:
    return make_stock(5)


@pytest.fixture
def main() -> str:
    return Channel.objects.get(is_default=True).code


def signed_in(*roles: str) -> Client:
    client = Client()
    client.force_login(make_staff(*roles))
    return client


def act(client: Client, sku: Sku, name: str, **data: Any) -> Any:
    url = reverse("admin:fulfillment_poolshare_act", args=[sku.pk, name])
    return client.post(url, {"why": "live tonight", **data})


def board(client: Client, sku: Sku) -> str:
    answer = client.get(reverse("admin:fulfillment_poolshare_board", args=[sku.pk]))
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_an_operator_reserves_caps_and_rules(sku: Sku, main: str) -> None:
    client = signed_in("operator")
    chosen = client.post(reverse("admin:fulfillment_poolshare_add"), {"sku": sku.pk})
    assert chosen["Location"] == reverse("admin:fulfillment_poolshare_board", args=[sku.pk])
    assert act(client, sku, "move", giver="", taker=main, units=2).status_code == 302
    assert Code.objects.filter(share=main).count() == 2
    assert act(client, sku, "cap", channel=main, units=4).status_code == 302
    assert ShareTicket.objects.count() == 4
    tomorrow = localtime(clock.now() + timedelta(days=1))
    ruled = act(
        client, sku, "rule", channel=main, kind="reserved", keep_units=2,
        ends_at_0=f"{tomorrow:%Y-%m-%d}", ends_at_1="20:00",
    )  # fmt: skip
    assert ruled.status_code == 302
    assert PoolShare.objects.get(kind="reserved").keep_units == 2
    text = board(client, sku)
    assert "live tonight" in text
    assert act(client, sku, "cap", channel=main, units="").status_code == 302
    assert not ShareTicket.objects.exists()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("move", {"giver": "", "taker": "", "units": 1}),
        ("move", {"giver": "", "taker": "nobody", "units": 1}),
        ("move", {"giver": "", "taker": "CHANNEL", "units": 0}),
        ("cap", {"channel": "CHANNEL", "units": -1}),
        ("cap", {"channel": "CHANNEL", "units": ""}),
        ("rule", {"channel": "CHANNEL", "kind": "reserved", "keep_units": 1}),
        ("rule", {"channel": "CHANNEL", "kind": "capped", "keep_units": 1}),
    ],
)
def test_what_makes_no_sense_is_told_and_changes_nothing(
    sku: Sku, main: str, name: str, data: dict[str, Any]
) -> None:
    client = signed_in("operator")
    filled = {key: main if value == "CHANNEL" else value for key, value in data.items()}
    answer = act(client, sku, name, **filled)
    assert answer.status_code == 200
    assert "error" in answer.content.decode().lower()
    assert not PoolShare.objects.exists()


def test_who_may_not_share_sees_and_does_nothing(sku: Sku) -> None:
    client = signed_in("support")
    assert act(client, sku, "move", giver="", taker="main", units=1).status_code == 403
    reader = signed_in("auditor")
    assert reverse("admin:fulfillment_poolshare_act", args=[sku.pk, "move"]) not in board(
        reader, sku
    )
    assert act(signed_in("operator"), sku, "burn").status_code == 404
