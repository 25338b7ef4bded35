"""What stands on the screens of campaigns that run: amounts with their sign, channels by name."""

import re
from typing import Any

import pytest
from django.test import Client

from core.crypto import ensure_data_key
from orders.models import FlashSale
from tests.factories.accounts import make_staff, sign_in
from tests.factories.catalog import base
from tests.factories.exchange import made, make_batch
from tests.factories.flash import draft_flash, make_flash
from tests.factories.groups import make_group_buy
from tests.factories.lotteries import make_lottery, opened
from tests.factories.orders import stocked
from tests.factories.rewards import make_template
from tests.factories.subscriptions import simple_plan

pytestmark = pytest.mark.django_db


def running() -> list[tuple[Any, list[str]]]:
    """One of each, and what its screen has to say."""
    here = base()
    lottery = opened(make_lottery(budget_minor=123_400))
    batch = made(make_batch(3, sku=stocked(3)))
    balance = make_batch(3, kind="balance", amount=4321, cost_minor=4321, state="live", made=3)
    return [
        (
            make_flash(
                stocked(10, price_minor=9000, cost_minor=5000),
                price_minor=6070,
                channels=[here.code],
            ),
            ["¥60.70", here.name],
        ),
        (
            make_group_buy(
                stocked(10, price_minor=9000, cost_minor=5000), price_minor=6070, channels=[]
            ),
            ["¥60.70", "all channels"],
        ),
        (lottery, ["¥1234.00"]),
        (batch, ["¥500.00"]),
        (balance, ["¥43.21"]),
        (simple_plan(price_minor=9730), ["¥97.30"]),
    ]


@pytest.mark.parametrize("role", ["operator", "auditor"])
def test_amounts_and_channels_are_read_as_people_say_them(client: Client, role: str) -> None:
    ensure_data_key()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    sign_in(client, make_staff(role))
    for row, said in running():
        page = client.get(f"/admin/orders/{row._meta.model_name}/{row.pk}/change/")
        text = re.sub(r"<[^>]+>", " ", page.content.decode())
        assert page.status_code == 200
        assert "minor units" not in text, row
        for words in said:
            assert words in text, (row, words)
        assert not re.search(r"\b(6070|123,?400|50,?000|4,?321|9,?730)\b", text), row


def test_a_draft_is_typed_in_yuan_and_nothing_typed_is_nothing(client: Client) -> None:
    ensure_data_key()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    sign_in(client, make_staff("operator"))
    sale = draft_flash(
        stocked(10, price_minor=9000, cost_minor=5000), price_minor=6070, subsidy_minor=500
    )
    url = f"/admin/orders/flashsale/{sale.pk}/change/"
    form = client.get(url).context["adminform"].form
    assert form["price_minor"].value() == "60.70"
    told = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    for name in ("starts_at", "ends_at"):
        at = told.pop(name)
        told |= {f"{name}_0": at.date(), f"{name}_1": at.time()}
    answer = client.post(url, {**told, "price_minor": "61.5", "subsidy_minor": ""})
    assert answer.status_code == 302, answer.context["errors"]
    sale = FlashSale.objects.get(pk=sale.pk)
    assert (sale.price_minor, sale.subsidy_minor) == (6150, 0)


@pytest.mark.parametrize(
    ("kind", "typed", "kept"), [("balance", "98.5", 9850), ("toy", "3", 3), ("balance", "0", None),
                                ("toy", "1.5", None)]
)  # fmt: skip
def test_what_a_code_gives_is_typed_as_its_kind_says(
    client: Client, toys: dict[str, int], kind: str, typed: str, kept: int | None
) -> None:
    """The face value of a gift card in yuan, anything else in pieces; also when the kind is changed."""
    ensure_data_key()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    sign_in(client, make_staff("operator"))
    batch = make_batch(3, kind="balance", amount=4321, cost_minor=4321)
    url = f"/admin/orders/exchangebatch/{batch.pk}/change/"
    form = client.get(url).context["adminform"].form
    assert form["amount"].value() == "43.21"
    told = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    for name in ("starts_at", "ends_at"):
        at = told.pop(name, None)
        told |= {f"{name}_0": at.date(), f"{name}_1": at.time()} if at else {}
    answer = client.post(url, {**told, "kind": kind, "amount": typed})
    assert answer.status_code == (200 if kept is None else 302), answer.context["errors"]
    batch.refresh_from_db()
    assert (batch.kind, batch.amount) == ((kind, kept) if kept else ("balance", 4321))


def test_the_list_sorts_by_a_column_that_is_shown_in_words(client: Client) -> None:
    """`Shown` stands in a list like a column: with its order, and without raw minor units."""
    ensure_data_key()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    sign_in(client, make_staff("operator"))
    make_template(minimum_minor=7_777)
    page = client.get("/admin/orders/packettemplate/?o=6")
    assert page.status_code == 200
    assert "¥77.77" in page.content.decode()
