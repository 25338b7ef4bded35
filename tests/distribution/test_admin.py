"""The back office of outside channels: opened, given a key once, limited by two, told again."""

import re

import pytest
from django.test import Client

from core import clock
from core.models import Approval, AuditEntry
from distribution.models import MarketKey, Marketplace, MarketPush
from distribution.services.take_order import take_order
from tests.distribution.books import asked_for
from tests.factories.accounts import make_staff
from tests.factories.catalog import make_channel
from tests.factories.markets import make_place, order_data
from tests.factories.orders import stocked

pytestmark = pytest.mark.django_db
DESK = "/admin/distribution"


def desk(*roles: str) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(make_staff(*roles))
    return client


def test_a_channel_is_opened_and_its_secret_shown_once() -> None:
    channel, operator = make_channel("jd"), desk("operator")
    form = {"channel": channel.pk, "code": "jd", "name": "Game cards", "recipe": '{"ack": "ok"}',
            "callback_url": "http://127.0.0.1:9/results", "addresses": "127.0.0.1"}  # fmt: skip
    page = f"{DESK}/marketplace/make/"
    assert operator.get(page).status_code == 200
    refused = operator.post(page, form | {"callback_url": "http://10.0.0.1/x"})
    assert "Only public addresses" in refused.content.decode()
    assert "no such option" in operator.post(page, form | {"recipe": '{"x": 1}'}).content.decode()
    assert operator.post(page, form).status_code == 302
    row = Marketplace.objects.get()
    assert (row.recipe, row.addresses) == ({"ack": "ok"}, "127.0.0.1/32")

    answer = operator.post(f"{DESK}/marketplace/{row.pk}/key/")
    shown = re.findall(r"<code>([^<]+)</code>", answer.content.decode())
    key = MarketKey.objects.get()
    assert shown[0] == key.public_id
    assert "no-store" in answer["Cache-Control"]
    for again in (f"{DESK}/marketplace/{row.pk}/change/", f"{DESK}/marketkey/{key.pk}/change/"):
        assert shown[1] not in operator.get(again).content.decode()
    assert not [one for one in AuditEntry.objects.all() if shown[1] in str(one.after)]
    operator.post(f"{DESK}/marketplace/{row.pk}/switch/", {"note": "audit"})
    row.refresh_from_db()
    assert row.state == "off"


def test_limits_take_two_and_money_is_booked_by_finance() -> None:
    row, finance = make_place(limit_minor=0).row, desk("finance")
    page = f"{DESK}/marketplace/{row.pk}"
    assert desk("operator").post(f"{page}/limit/", {"amount": "1", "why": "x"}).status_code == 403
    assert finance.post(f"{page}/limit/", {"amount": "500.00", "why": "x"}).status_code == 302
    row.refresh_from_db()
    assert row.credit_limit_minor == 0
    assert Approval.objects.get(action="distribution.set_limit").payload["limit_minor"] == 50_000
    booked = {"amount": "12.34", "number": "B1"}
    assert finance.post(f"{page}/book/", booked).status_code == 302
    assert "booked already" in finance.post(f"{page}/book/", booked).content.decode()
    day = clock.now().astimezone().date().isoformat()
    told = finance.post(f"{page}/statement/", {"day": day})
    assert told["Content-Type"].startswith("text/csv")
    assert told.content.decode("utf-8-sig").startswith("类型,")
    assert "12.34" in finance.get(f"{page}/change/").content.decode()


def test_orders_and_results_are_seen_and_told_again() -> None:
    place, sku = make_place(callback_url="http://127.0.0.1:9/results"), stocked(2)
    Marketplace.objects.filter(code="jd").update(state="on")
    operator = desk("operator")
    for number, units in (("SEEN1", 1), ("SEEN2", 9)):
        asked = asked_for(order_data(sku, number, units))
        row = take_order(market=place.row, asked=asked, now=clock.now())
        page = operator.get(f"{DESK}/marketorder/{row.pk}/change/").content.decode()
        assert number in page
        assert ("库存不足" in page) == (number == "SEEN2")
    listed = operator.get(f"{DESK}/marketorder/?q=SEEN1").content.decode()
    assert "SEEN1" in listed
    assert "SEEN2" not in listed
    push = MarketPush.objects.get()
    MarketPush.objects.filter(pk=push.pk).update(state="dead", not_before=None)
    assert operator.get(f"{DESK}/marketpush/").status_code == 200
    assert operator.post(f"{DESK}/marketpush/{push.pk}/again/").status_code == 302
    push.refresh_from_db()
    assert push.state == "waiting"
