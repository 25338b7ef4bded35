"""What is special in dialect B: recipes per supplier, two codecs, four signed fields in a push."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import pytest

from fulfillment.suppliers.base import Answer, Purchase, Strength, Verdict
from fulfillment.suppliers.form_md5 import callbacks, envelope, listing, reading
from fulfillment.suppliers.form_md5.client import ADAPTER
from fulfillment.suppliers.form_md5.signing import Recipe, is_fresh, stamp
from fulfillment.suppliers.lists import Stock
from fulfillment.suppliers.telling import Reply, Unreadable
from simulators.supply.script import Supplier as Script
from tests.factories.supply import KEY_ID
from tests.fulfillment.simulated import Suppliers
from tests.fulfillment.suppliers.kits import PLAIN, kit_b
from tests.fulfillment.suppliers.suite.kit import SECRET, now, purchase

RECIPE = Recipe()
GBK = Recipe(tail="none", charset="GBK")
ORDER: dict[str, Any] = {
    "orderNo": "Q1", "platformNo": "B1", "goodsId": "G1", "account": "13800138000", "num": 1,
    "successNum": 1, "price": "16.50", "orderStatus": "0", "failCode": "", "cards": [],
}  # fmt: skip
BUY = Purchase("Q1", "G1", "direct", 1650, account="13800138000")


def read(changes: dict[str, Any], buy: Purchase = BUY) -> Answer:
    return reading.read_order({**ORDER, **changes}, purchase=buy, with_cards=True)


@pytest.mark.parametrize(
    ("changes", "verdict", "why"),
    [
        ({}, Verdict.SUCCEEDED, ""),
        ({"orderStatus": "1", "successNum": 0}, Verdict.ACCEPTED, ""),
        ({"orderStatus": "2", "price": None}, Verdict.FAILED, ""),
        ({"orderStatus": "3"}, Verdict.UNKNOWN, "unlisted_state"),
        ({"orderStatus": 0}, Verdict.UNKNOWN, "unlisted_state"),
        ({"orderNo": "Q2"}, Verdict.UNKNOWN, "other_orderNo"),
        ({"goodsId": "G2"}, Verdict.UNKNOWN, "other_goodsId"),
        ({"account": "13800108300"}, Verdict.UNKNOWN, "other_account"),
        ({"num": 2}, Verdict.UNKNOWN, "other_num"),
        ({"successNum": 0}, Verdict.UNKNOWN, "delivered_differs"),
        ({"price": "0.00"}, Verdict.UNKNOWN, "bad_money"),
        ({"price": 16.5}, Verdict.UNKNOWN, "bad_money"),
        ({"price": "-1.00"}, Verdict.UNKNOWN, "bad_money"),
        ({"price": None}, Verdict.UNKNOWN, "bad_money"),
    ],
)
def test_the_three_state_answer(changes: dict[str, Any], verdict: Verdict, why: str) -> None:
    answer = read(changes)
    assert (answer.verdict, answer.problem) == (verdict, why)


@pytest.mark.parametrize(
    ("cards", "why"),
    [
        ([], "cards_differ"),
        (None, "cards_differ"),
        ([{}, {}], "cards_differ"),
        ([7], "bad_card"),
        ([{"cardNo": "", "cardPass": ""}], "empty_card"),
        ([{"cardNo": "1", "cardPass": "\x00"}], "bad_card"),
        ([{"cardNo": "1", "cardPass": "\x07"}], "bad_card"),
        ([{"cardNo": "1" * 513, "cardPass": ""}], "bad_card"),
        ([{"cardNo": "1", "cardPass": "2", "expireDate": "soon"}], "bad_deadline"),
        ([{"cardNo": "1", "cardPass": "2", "expireDate": "20271332"}], "bad_deadline"),
    ],
)
def test_cards_that_are_none(cards: object, why: str) -> None:
    """C17."""
    buy = replace(BUY, kind="card", account="")
    answer = read({"account": "", "cards": cards}, buy)
    assert (answer.verdict, answer.problem, answer.codes) == (Verdict.UNKNOWN, why, ())


def reply_xml(recipe: Recipe = GBK, *, raw: str = "", **changes: str) -> bytes:
    at = stamp(datetime.now(UTC))
    fields = {
        "tbOrderNo": "Q1", "coopOrderNo": "B1", "coopOrderStatus": "SUCCESS",
        "coopOrderSnap": "G1|13800138000|1|16.50", "failedReason": "充值成功", "timestamp": at,
        **changes,
    }  # fmt: skip
    signed = {"sign": recipe.sign(fields, SECRET), **fields}
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in signed.items())
    text = f'<?xml version="1.0" encoding="GBK"?><response>{inside}{raw}</response>'
    return text.encode(recipe.charset)


def open_xml(body: bytes) -> Reply:
    return envelope.open_xml(body, recipe=GBK, secret=SECRET, now=now())


@pytest.mark.parametrize(
    ("status", "failed", "code"),
    [
        ("SUCCESS", "", ""),
        ("UNDERWAY", "", ""),
        ("FAILED", "0501", ""),
        ("ORDER_FAILED", "0304", "201"),
        ("REQUEST_FAILED", "0104", "404"),
        # A gateway maps "system error" to this word: without a listed code it proves nothing.
        ("ORDER_FAILED", "9999", "ORDER_FAILED:9999"),
        ("ORDER_FAILED", "", "ORDER_FAILED:"),
        ("GENERAL_ERROR", "0301", "GENERAL_ERROR:0301"),
        ("REQUEST_FAILED", "0304", "REQUEST_FAILED:0304"),
        ("success", "", "success:"),
    ],
)
def test_words_of_the_marketplace(status: str, failed: str, code: str) -> None:
    reply = open_xml(reply_xml(coopOrderStatus=status, failedCode=failed))
    assert reply.code == code


def test_an_order_in_xml() -> None:
    answer = reading.read_order(open_xml(reply_xml()).data, purchase=BUY, with_cards=True)
    assert (answer.verdict, answer.cost_minor, answer.supplier_no) == (
        Verdict.SUCCEEDED,
        1650,
        "B1",
    )


BOMB = ('<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
        "<response><x>&b;</x></response>")  # fmt: skip


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (BOMB.encode(), "not_xml"),
        (b"<response><a><b>1</b></a></response>", "bad_elements"),
        (b"<response><a>1</a><a>2</a></response>", "bad_elements"),
        (
            b"<response>"
            + b"<a%d>1</a%d>" * 0
            + b"".join(b"<a%d/>" % i for i in range(40))
            + b"</response>",
            "bad_elements",
        ),
        (b"<response><a>" + b"x" * 2000 + b"</a></response>", "bad_elements"),
        (b"<response>", "not_xml"),
        (b"\xff\xff", "other_charset"),
        (b"", "not_xml"),
        (b"{}", "not_xml"),
        (b"<response/>", "unsigned"),
        (reply_xml(raw="<note>1</note>"), "bad_signature"),
        (lambda: reply_xml(coopOrderSnap="G1|13800138000"), "bad_snap"),
        (reply_xml(timestamp=stamp(datetime.now(UTC) - timedelta(hours=1))), "stale"),
        (reply_xml(timestamp="20260101"), "stale"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_xml_that_proves_nothing(body: bytes | Callable[[], bytes], why: str) -> None:
    """What has to be fresh is made when its turn comes."""
    made = body if isinstance(body, bytes) else body()
    with pytest.raises(Unreadable, match=why):
        open_xml(made)


def test_freshness_goes_both_ways() -> None:
    at = datetime.now(UTC)
    assert is_fresh(stamp(at + timedelta(seconds=290)), now=at)
    assert not is_fresh(stamp(at + timedelta(seconds=310)), now=at)
    assert not is_fresh(stamp(at - timedelta(seconds=310)), now=at)
    for odd in ("", "2026010108000", "２０２６０１０１０８００００", "20261301080000"):
        assert not is_fresh(odd, now=at)


def push(*, recipe: Recipe = RECIPE, secret: str = SECRET, **changes: str) -> bytes:
    fields = {"customerId": KEY_ID, "orderNo": "Q1", "orderStatus": "0", "price": "16.50",
              "timestamp": stamp(datetime.now(UTC)), "platformNo": "B1"}  # fmt: skip
    signed = {name: fields[name] for name in callbacks.SIGNED}
    fields["sign"] = recipe.sign(signed, secret)
    return urlencode({**fields, **changes}).encode()


def hear(body: bytes) -> tuple[Verdict, Strength, str]:
    link = kit_b().connection("http://127.0.0.1:9")
    heard = callbacks.read_callback(
        link, recipe=RECIPE, body=body, now=now(), find=lambda _number: BUY
    )
    return heard.answer.verdict, heard.strength, heard.answer.problem


def test_what_a_push_does_not_sign_is_not_read() -> None:
    """C06: price and number changed where nothing is signed."""
    assert hear(push()) == (Verdict.SUCCEEDED, Strength.WEAK, "")
    assert hear(push(price="0.01", platformNo="B9")) == (Verdict.SUCCEEDED, Strength.WEAK, "")
    assert hear(push(orderStatus="2"))[2] == "bad_signature"
    assert hear(push(orderNo="Q2"))[2] == "bad_signature"
    assert hear(push(customerId="k9"))[2] == "unknown_key"
    assert hear(push(sign=""))[2] == "unsigned"
    link = kit_b().connection("http://127.0.0.1:9")
    told = callbacks.read_callback(
        link, recipe=RECIPE, body=push(), now=now(), find=lambda _number: BUY
    )
    assert (told.answer.cost_minor, told.answer.supplier_no) == (None, "")


@pytest.mark.parametrize(("ack", "word"), [("success", b"success"), ("ok", b"ok")])
def test_the_word_that_ends_the_repeats(ack: str, word: bytes) -> None:
    link = kit_b(ack=ack).connection("http://127.0.0.1:9")
    assert ADAPTER.acknowledge(link, accepted=True).body == word
    refusal = ADAPTER.acknowledge(link, accepted=False)
    assert refusal.status >= 400
    assert refusal.body not in (b"success", b"ok")


def test_what_is_not_in_their_charset_is_not_sent(suppliers: Suppliers) -> None:
    script = Script(suppliers.get("supplier_b", secret=SECRET).url)
    script.control("recipe", **{**PLAIN, "charset": "gbk"})
    link = kit_b(charset="gbk").connection(script.base)
    before = script.truth()["requests"].get("order", 0)
    answer = ADAPTER.place(link, purchase(extra={"name": "𠮷"}), now=now())
    assert (answer.verdict, answer.problem) == (Verdict.NOT_SENT, "not_in_charset")
    assert script.truth()["requests"].get("order", 0) == before
    fine = ADAPTER.place(link, purchase(extra={"area": "电信一区"}), now=now())
    assert fine.verdict is Verdict.ACCEPTED


def test_a_recipe_that_is_not_theirs_proves_nothing(suppliers: Suppliers) -> None:
    script = Script(suppliers.get("supplier_b", secret=SECRET).url)
    script.control("recipe", **PLAIN)
    link = kit_b(tail="&").connection(script.base)
    buy = purchase()
    answer = ADAPTER.place(link, buy, now=now())
    assert (answer.verdict, answer.problem) == (Verdict.UNKNOWN, "bad_signature")
    assert script.orders(external_id=buy.merchant_no) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"price": "0.00"}, "bad_cost"),
        ({"price": "-1.00"}, "bad_money"),
        ({"price": 1}, "bad_money"),
        ({"stock": -2}, "bad_stock"),
        ({"stock": "5"}, "bad_stock"),
        ({"stock": True}, "bad_stock"),
        ({"goodsType": "3"}, "bad_field"),
        ({"status": 1}, "bad_field"),
        ({"goodsId": "G1"}, "twice"),
    ],
)
def test_goods(changes: dict[str, Any], why: str) -> None:
    good = {"goodsId": "G1", "goodsName": "月卡", "goodsType": "1", "faceValue": "30.00",
            "price": "16.50", "stock": -1, "status": "1"}  # fmt: skip
    data = {"goods": [good, {**good, "goodsId": "G2", **changes}], "next": ""}
    page = listing.read_page(data, now=now())
    assert why in {entry.why for entry in page.rejected}
    assert [item.stock for item in page.items] in ([Stock.UNLIMITED], [])


@pytest.mark.parametrize(
    ("file", "problem", "rejected"),
    [
        ("", "bad_header", []),
        ("a,b\n", "bad_header", []),
        (",".join(listing.HEADER) + "\r\n下单,B1\r\n", "", ["bad_columns"]),
        (",".join(listing.HEADER) + "\r\n?,B1,Q1,G1,1,-1.00,9.00,2026-01-02 08:00:00", "",
         ["bad_type"]),
        (",".join(listing.HEADER) + "\r\n下单,B1,Q1,G1,1,1e3,9.00,2026-01-02 08:00:00", "",
         ["bad_figures"]),
        (",".join(listing.HEADER) + "\r\n下单,B1,Q1,G1,-1,-1.00,9.00,2026-01-02 08:00:00", "",
         ["bad_figures"]),
        (",".join(listing.HEADER) + "\r\n下单,B1,Q1,G1,1,-1.00,9.00,now", "", ["bad_figures"]),
    ],
)  # fmt: skip
def test_statements(file: str, problem: str, rejected: list[str]) -> None:
    day = datetime(2026, 1, 2, tzinfo=UTC).date()
    heard = listing.read_statement({"day": "2026-01-02", "file": file}, day=day, digest="d")
    assert (heard.problem, [entry.why for entry in heard.rejected]) == (problem, rejected)
    other = listing.read_statement({"day": "2026-01-03", "file": file}, day=day, digest="d")
    assert other.problem == "other_day"
