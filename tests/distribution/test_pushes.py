"""Results told to an outside channel: lost, refused, late, and told again until they are heard."""

import json
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from core import clock
from core.outside import Inside, refuse_inside, vetted
from distribution.models import MarketOrder, Marketplace, MarketPush
from distribution.services.push_results import LADDER, push_again, push_results
from distribution.services.save_market import Connection, save_market
from fulfillment.suppliers.form_md5.signing import Recipe
from orders.services.push_refund import push_refunds
from orders.services.request_refund import request_refund
from simulators.marketplace.script import Buyer
from tests.distribution.books import assert_books_agree, assert_sound, codes_sold
from tests.factories.catalog import make_sku
from tests.factories.markets import Place, make_place
from tests.factories.orders import relay_all, stocked


def state_of(number: str) -> tuple[str, str]:
    push = MarketPush.objects.get(order__number=number)
    return push.state, push.last_error


class Later:
    """Moments counted from one start, however long the machine takes in between."""

    def __init__(self) -> None:
        self._start = clock.now()

    def __call__(self, seconds: float) -> int:
        return push_results(now=self._start + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("fault", "params", "why"),
    [
        ("drop_before", {}, "no_answer"),
        ("drop_after", {}, "no_answer"),
        ("error_before", {"status": 500}, "status_500"),
        ("error_after", {"status": 502}, "status_502"),
        ("redirect", {}, "status_302"),
        ("wrong_word", {}, "other_word"),
        ("empty", {}, "other_word"),
        ("huge", {"bytes": 100_000}, "no_answer"),
    ],
)
def test_what_is_no_acknowledgement_is_told_again(
    market: Place, buyer: Buyer, fault: str, params: dict[str, Any], why: str
) -> None:
    number, sku = f"PUSH{fault.replace('_', '')}", stocked(2)
    buyer.fault(fault, op="result", match={"number": number}, **params)
    answers = buyer.order(number, sku.code)
    assert [answer["retCode"] for answer in answers] == ["100"]
    later = Later()
    assert later(0) == 1
    assert state_of(number) == ("waiting", why)
    assert later(LADDER[0] - 1) == 0
    assert later(LADDER[0] + 1) == 1
    assert state_of(number) == ("acknowledged", "")
    assert later(90_000) == 0
    heard = buyer.results(number)
    assert {(row["status"], row["genuine"]) for row in heard} == {("0", 1)}
    buyer.query(number)
    assert buyer.cards(number) == codes_sold(number) != set()
    assert_books_agree(buyer, {number})
    assert_sound()


def test_a_slow_ear_is_not_waited_for(
    market: Place, buyer: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = "PUSHSLOW1"
    buyer.order(number, stocked(1).code)
    buyer.fault("delay", op="result", match={"number": number}, seconds=1.5)
    later = Later()
    with monkeypatch.context() as patient:
        patient.setattr("distribution.services.push_results.TOTAL_SECONDS", 0.5)
        assert later(0) == 1
    assert state_of(number) == ("waiting", "no_answer")
    assert later(LADDER[0] + 1) == 1
    assert state_of(number)[0] == "acknowledged"


def test_who_never_answers_is_given_up_and_told_by_hand(market: Place, buyer: Buyer) -> None:
    number = "PUSHDEAD1"
    buyer.order(number, stocked(1).code)
    buyer.fault("wrong_word", op="result", times=None, match={"number": number})
    at = 0.0
    later = Later()
    with capture_logs() as logs:
        for step in (*LADDER, 0):
            assert later(at) == 1
            at += step + 1
    assert state_of(number) == ("dead", "other_word")
    assert "market_push_given_up" in {line["event"] for line in logs}
    assert later(10**6) == 0
    buyer.clear_faults()
    push = MarketPush.objects.get(order__number=number)
    assert push_again(push=push.public_id, by="user:usr_A", now=clock.now())
    assert not push_again(push=push.public_id, by="user:usr_A", now=clock.now())
    assert push_results(now=clock.now()) == 1
    assert state_of(number)[0] == "acknowledged"
    assert_sound()


def test_a_failed_order_is_told_once_its_money_is_back(market: Place, buyer: Buyer) -> None:
    number, sku = "PUSHFAIL1", make_sku(kind="topup", price_minor=1000, cost_minor=900)
    buyer.order(number, sku.code, account="13800138000")
    row = MarketOrder.objects.get()
    request_refund(order=row.order, now=clock.now(), acting="user:usr_A", reason="x")
    relay_all()
    assert push_results(now=clock.now()) == 0
    push_refunds(now=clock.now())
    relay_all()
    assert push_results(now=clock.now()) == 1
    told = buyer.results(number)
    assert [(one["status"], one["genuine"]) for one in told] == [("2", 1)]
    assert '"price": "0.00"' in told[0]["fields"]
    buyer.query(number)
    assert_books_agree(buyer, {number})
    assert_sound()


def test_an_answer_that_was_lost_is_asked_after(market: Place, buyer: Buyer) -> None:
    number, sku = "LOST1", stocked(3)
    buyer.fault("lose_answer", op="call", match={"number": number})
    assert buyer.order(number, sku.code, 2) == [{}]
    assert buyer.truth()["orders"][-1]["status"] == "1" or buyer.cards(number) == set()
    answer = buyer.query(number)
    assert (answer["retCode"], answer["genuine"]) == ("100", True)
    assert buyer.cards(number) == codes_sold(number)
    assert len(buyer.cards(number)) == 2
    again = buyer.order(number, sku.code, 2)
    assert again[0]["data"]["orderStatus"] == "0"
    assert_books_agree(buyer, {number})
    assert_sound()


@pytest.mark.parametrize("fault", ["bad_signature", "old", "no_signature"])
def test_a_call_spoiled_on_its_way_buys_nothing(market: Place, buyer: Buyer, fault: str) -> None:
    number, sku = f"SPOILED{fault.replace('_', '')}", stocked(3)
    buyer.fault(fault, op="call", match={"number": number})
    answer = buyer.order(number, sku.code)[0]
    assert answer["retCode"] == ("302" if fault == "old" else "301")
    assert not MarketOrder.objects.exists()
    assert buyer.order(number, sku.code)[0]["retCode"] == "100"
    assert_sound()


def test_all_fields_are_signed_where_the_channel_wants_it(shop_url: str, buyer: Buyer) -> None:
    place = make_place(url=shop_url, callback_url=f"{buyer.base}/results", push_signs="all")
    buyer.connect(shop=f"{shop_url}/api/market/b", key=place.key, secret=place.secret)
    buyer.order("ALL1", stocked(1).code)
    later = Later()
    assert later(0) == 1
    told = buyer.results("ALL1")[0]
    fields = json.loads(told["fields"])
    assert told["genuine"] == 1
    assert Recipe().is_genuine(fields, fields["sign"], place.secret)
    assert not Recipe().is_genuine(fields | {"price": "0.01"}, fields["sign"], place.secret)


INSIDE = ("http://example.com/x", "https://10.0.0.8/x", "https://127.0.0.1/x", "https://[::1]/x",
          "https://169.254.169.254/latest/", "https://metadata.internal/x", "https://shop/x",
          "https://user@example.com/x", "https://[::ffff:10.0.0.1]/x", "https://100.64.0.1/x",
          "ftp://example.com/x", "https://0.0.0.0/x", "https:///x", "https://[x/")  # fmt: skip


@pytest.mark.parametrize("url", INSIDE)
def test_no_inside_address_is_taken(settings: Any, url: str) -> None:
    settings.SITE_URL = "https://shop.example.com"
    with pytest.raises(Inside):
        refuse_inside(url)
    refuse_inside("https://partner.example.com/results")


def test_no_inside_address_is_called(market: Place, buyer: Buyer, settings: Any) -> None:
    """The name was good when it was kept, and leads inside by now."""
    buyer.order("INSIDE1", stocked(1).code)
    settings.SITE_URL = "https://shop.example.com"
    later = Later()
    assert later(0) == 1
    assert state_of("INSIDE1") == ("waiting", "not_reached")
    assert buyer.results("INSIDE1") == []
    with pytest.raises(Inside):
        save_market(
            code="jd", connection=Connection("JD", "https://127.0.0.1/x", "", {}), by="user:usr_A",
            now=clock.now(),
        )  # fmt: skip
    assert vetted("localhost", 80) == "localhost"
    assert Marketplace.objects.get().callback_url == f"{buyer.base}/results"
