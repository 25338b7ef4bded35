"""Whose call is believed, and how one that is not is answered (dialect B inward)."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from structlog.testing import capture_logs

from catalog import snapshot
from core import clock
from core.models import AuditEntry
from distribution.models import MarketKey, MarketOrder
from distribution.services.make_key import TooManyKeys, end_key, make_key
from distribution.services.push_results import push_results
from distribution.services.save_market import switch_market
from fulfillment.models import Delivery
from fulfillment.suppliers.base import Verdict
from fulfillment.suppliers.form_md5.signing import stamp
from orders.models import Order
from simulators.marketplace.script import Buyer
from tests.distribution.books import assert_sound
from tests.factories.catalog import make_sku
from tests.factories.markets import PATH, Place, form_of, make_place, order_data, purchase
from tests.factories.orders import relay_all, stocked
from tests.orders.test_crossings import deliver

FORM = "application/x-www-form-urlencoded"


def said(place: Place, action: str, form: dict[str, str] | bytes) -> str:
    """`retCode` of a call made field by field, past the client."""
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    answer = Client().post(f"{PATH}/{action}", body, content_type=FORM)
    assert answer.status_code == 200
    told = json.loads(answer.content)
    assert set(told) == {"retCode", "retMessage", "data", "timestamp", "sign"}
    return str(told["retCode"])


def tampered(place: Place, sku: Any) -> dict[str, tuple[Callable[[], dict[str, str]], str]]:
    """Calls that are not to be believed, by name, with the code they are answered with."""
    order = order_data(sku, "FORGED1")

    def signed(**changes: str) -> dict[str, str]:
        return form_of(place, order, **changes)

    def at(minutes: int) -> str:
        return stamp(clock.now() + timedelta(minutes=minutes))

    other = form_of(place, order_data(sku, "FORGED2"))
    return {
        "no_signature": (lambda: signed() | {"sign": ""}, "301"),
        "bad_signature": (lambda: signed() | {"sign": "0" * 32}, "301"),
        "other_data": (lambda: signed() | {"data": other["data"]}, "301"),
        "signature_of_another": (lambda: signed() | {"sign": other["sign"]}, "301"),
        "unknown_key": (lambda: signed(customerId="mky_0000000000000000"), "300"),
        "late": (lambda: signed(timestamp=at(-6)), "302"),
        "early": (lambda: signed(timestamp=at(6)), "302"),
        "no_time": (lambda: signed(timestamp="now"), "302"),
        "odd_data": (lambda: signed(data="%%%"), "208"),
        "list_of_data": (lambda: signed(data=base64.b64encode(b"[1]").decode()), "208"),
        "nested": (
            lambda: signed(data=base64.b64encode(b'{"orderNo":{"a":1}}').decode()), "208",
        ),
    }  # fmt: skip


NAMES = ("no_signature", "bad_signature", "other_data", "signature_of_another", "unknown_key", "late",
         "early", "no_time", "odd_data", "list_of_data", "nested")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_call_that_is_not_to_be_believed_does_nothing(committed: None, name: str) -> None:
    snapshot.forget()
    place, sku = make_place(), stocked(3)
    make, code = tampered(place, sku)[name]
    assert said(place, "cardOrder", make()) == code
    assert not MarketOrder.objects.exists()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"a=1&a=2", b"&".join(b"f%d=1" % n for n in range(40)), b"x" * 40_000,
     b"customerId=%00&data=e30%3D", b"{}"],
)  # fmt: skip
def test_what_is_no_call_is_answered_in_the_dialect(committed: None, body: bytes) -> None:
    snapshot.forget()
    place = make_place()
    assert said(place, "cardOrder", body) in {"208", "300"}


def test_other_methods_and_acts_are_none(committed: None) -> None:
    snapshot.forget()
    place = make_place()
    assert Client().get(f"{PATH}/cardOrder").status_code == 405
    assert said(place, "noSuchAct", form_of(place, {"a": "b"})) == "208"
    assert said(place, "cardQuery", form_of(place, {"orderNo": "NEVER1"})) == "404"


def test_codes_are_not_given_twice_for_the_same_bytes(committed: None) -> None:
    snapshot.forget()
    place, sku = make_place(), stocked(3)
    order = form_of(place, order_data(sku, "REPLAY1"))
    assert said(place, "cardOrder", order) == said(place, "cardOrder", order) == "100"
    assert Order.objects.count() == 1
    query = form_of(place, {"orderNo": "REPLAY1"})
    assert said(place, "cardQuery", query) == "100"
    looks = AuditEntry.objects.filter(tag="codes:revealed").count()
    assert looks == 1
    assert said(place, "cardQuery", query) == "302"
    assert said(place, "cardQuery", query | {"sign": query["sign"].upper()}) == "302"
    assert AuditEntry.objects.filter(tag="codes:revealed").count() == looks


def test_nobody_sees_the_orders_of_another_channel(shop_url: str) -> None:
    one, two, sku = make_place("jd", url=shop_url), make_place("tb", url=shop_url), stocked(3)
    asked = purchase(sku)
    assert one.order(asked).verdict is Verdict.SUCCEEDED
    assert two.query(asked).verdict is Verdict.NOT_FOUND
    # The same number is another order there.
    assert two.order(asked).verdict is Verdict.SUCCEEDED
    assert one.query(asked).codes != two.query(asked).codes
    assert_sound()


def test_keys_change_without_a_pause_and_a_switch_stops_at_once(shop_url: str) -> None:
    place, sku = make_place(url=shop_url), stocked(9)
    made = make_key(market="jd", by="user:usr_A", now=clock.now())
    with pytest.raises(TooManyKeys):
        make_key(market="jd", by="user:usr_A", now=clock.now())
    newer = Place("jd", made.key, made.secret, shop_url)
    assert place.order(purchase(sku)).verdict is Verdict.SUCCEEDED
    assert newer.order(purchase(sku)).verdict is Verdict.SUCCEEDED
    end_key(key=place.key, by="user:usr_A", now=clock.now())
    assert place.order(purchase(sku)).verdict is Verdict.UNKNOWN
    assert newer.order(purchase(sku)).verdict is Verdict.SUCCEEDED
    for secret in (place.secret, made.secret):
        assert not [k for k in MarketKey.objects.all() if secret.encode() in bytes(k.secret)]
    switch_market(code="jd", on=False, by="user:usr_A", note="x", now=clock.now())
    assert newer.order(purchase(sku)).verdict is Verdict.UNKNOWN
    assert Order.objects.count() == 3


def test_only_named_addresses_may_call(shop_url: str) -> None:
    near, sku = make_place("near", url=shop_url, addresses="127.0.0.0/8"), stocked(3)
    far = make_place("far", url=shop_url, addresses="203.0.113.0/24")
    assert near.order(purchase(sku)).verdict is Verdict.SUCCEEDED
    assert far.order(purchase(sku)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("charset", ["GBK", "UTF-8"])
def test_top_ups_are_answered_in_xml_where_the_channel_wants_it(
    shop_url: str, charset: str
) -> None:
    place = make_place(url=shop_url, codec="xml", charset=charset)
    sku = make_sku(kind="topup", price_minor=1000, cost_minor=900)
    asked = purchase(sku, account="13800138000")
    assert place.query(asked).verdict is Verdict.NOT_FOUND
    assert place.order(asked).verdict is Verdict.ACCEPTED
    assert place.query(asked).verdict is Verdict.ACCEPTED
    other = purchase(sku, 2, account="13800138000", number=asked.merchant_no)
    assert place.order(other).verdict is Verdict.UNKNOWN
    for changes, code in (
        ({"account": "1"}, "BAD_ACCOUNT"),
        ({"account": "13800138000", "supplier_sku": "NONE"}, "UNKNOWN_PRODUCT"),
        ({"account": "13800138000", "max_cost_minor": 1}, "PRICE_ABOVE_LIMIT"),
    ):
        refused = place.order(purchase(sku, **changes))
        assert (refused.verdict, refused.code) == (Verdict.REJECTED, code)
    ours = Order.objects.get(state="fulfilling")
    deliver(ours, Delivery.objects.get(reference=ours.public_id))
    relay_all()
    assert place.query(asked).verdict is Verdict.SUCCEEDED


def test_secrets_and_codes_are_in_no_log(market: Place, buyer: Buyer) -> None:
    sku = stocked(2)
    with capture_logs() as logs:
        buyer.fault("bad_signature", op="call", times=1)
        assert buyer.order("QUIET1", sku.code)[0]["retCode"] == "301"
        buyer.order("QUIET1", sku.code)
        buyer.query("QUIET1")
        buyer.fault("error_before", op="result", status=500)
        push_results(now=clock.now())
        push_results(now=clock.now() + timedelta(minutes=1))
    text = repr(logs)
    assert "push:jd" in text
    ((number, secret),) = buyer.cards("QUIET1")
    for canary in (market.secret, number, secret):
        assert canary not in text
    kept = repr(list(AuditEntry.objects.values())) + repr(list(MarketOrder.objects.values()))
    for canary in (market.secret, secret):
        assert canary not in kept
