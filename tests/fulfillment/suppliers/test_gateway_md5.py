"""What is special in dialect A: a signature over sorted characters, an unsigned code, sealed cards."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fulfillment.suppliers.base import Answer, Purchase, Strength, Verdict
from fulfillment.suppliers.gateway_md5 import callbacks, listing, reading, signing
from fulfillment.suppliers.gateway_md5.client import ADAPTER
from fulfillment.suppliers.lists import Stock
from fulfillment.suppliers.registry import adapter_for
from fulfillment.suppliers.telling import Unreadable
from simulators.supply.script import Supplier as Script
from tests.factories.supply import KEY_ID
from tests.fulfillment.simulated import Suppliers
from tests.fulfillment.suppliers.kits import A
from tests.fulfillment.suppliers.suite.kit import SECRET, now, purchase

ORDER: dict[str, Any] = {
    "order_id": "19070000000000000001", "customer_order_no": "Q1", "product_id": 10000001,
    "product_name": "月卡", "charge_account": "13800138000", "buy_num": 1, "order_type": 4,
    "order_price": 16.5, "order_state": "success", "cards": None,
}  # fmt: skip
BUY = Purchase("Q1", "10000001", "direct", 1650, account="13800138000")


def body(result: object, /, *, code: object = 0, secret: str = SECRET, **changes: Any) -> bytes:
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    reply = {"code": code, "message": "", "result": text, "sign": signing.sign_text(text, secret)}
    return json.dumps({**reply, **changes}, ensure_ascii=False).encode()


def read(raw: bytes, buy: Purchase = BUY, *, with_cards: bool = True) -> Answer:
    reply = reading.open_reply(raw, secret=SECRET)
    return reading.read_order(reply.data, purchase=buy, secret=SECRET, with_cards=with_cards)


def test_a_true_answer() -> None:
    answer = read(body(ORDER))
    assert (answer.verdict, answer.cost_minor, answer.problem) == (Verdict.SUCCEEDED, 1650, "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"13800138000"', '"13800108300"'),  # another phone of the same digits
        ('"Q1", "product_id": 10000001', '"1Q", "product_id": 10000001'),
        ('"buy_num": 1, "order_type": 4', '"buy_num": 4, "order_type": 1'),
        ('"product_id": 10000001', '"product_id": 11000000'),
    ],
)
def test_an_answer_with_permuted_characters_is_another_order(old: str, new: str) -> None:
    """C06: it is rightly signed, and it is not believed; compared field by field it is another's."""
    text = json.dumps(ORDER, ensure_ascii=False)
    permuted = text.replace(old, new)
    assert permuted != text
    genuine = body(ORDER)
    sign = json.loads(genuine)["sign"]
    raw = body(permuted, sign=sign)
    assert sorted(permuted) == sorted(text)
    answer = read(raw)
    assert (answer.verdict, answer.problem[:6]) == (Verdict.UNKNOWN, "other_")
    assert answer.codes == ()


def test_a_permuted_price_is_seen_by_the_limit_and_the_statement_only() -> None:
    """16.5 and 15.6 sign alike: nothing in an answer of A proves the price."""
    genuine = body(ORDER)
    raw = body(json.dumps({**ORDER, "order_price": 15.6}, ensure_ascii=False),
               sign=json.loads(genuine)["sign"])  # fmt: skip
    assert read(raw).cost_minor == 1560


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sign": ""}, "unsigned"),
        ({"sign": None}, "unsigned"),
        ({"sign": "0" * 32}, "bad_signature"),
        ({"result": {"order_state": "success"}}, "bad_signature"),
        ({"code": "0"}, "bad_code"),
        ({"code": True}, "bad_code"),
    ],
)
def test_an_envelope_that_proves_nothing(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        reading.open_reply(body(ORDER, **changes), secret=SECRET)


@pytest.mark.parametrize(
    ("changes", "verdict", "why"),
    [
        ({"order_state": "untreated"}, Verdict.ACCEPTED, ""),
        ({"order_state": "failed", "order_price": None}, Verdict.FAILED, ""),
        ({"order_state": "SUCCESS"}, Verdict.UNKNOWN, "unlisted_state"),
        ({"order_price": None}, Verdict.UNKNOWN, "bad_money"),
        ({"order_price": -16.5}, Verdict.UNKNOWN, "bad_money"),
        ({"order_price": 0}, Verdict.UNKNOWN, "bad_money"),
        ({"order_price": 1e300}, Verdict.UNKNOWN, "bad_money"),
        ({"order_price": True}, Verdict.UNKNOWN, "bad_money"),
        ({"success_num": 0}, Verdict.UNKNOWN, "delivered_differs"),
        ({"success_num": True}, Verdict.UNKNOWN, "delivered_differs"),
        ({"buy_num": "1"}, Verdict.SUCCEEDED, ""),
        ({"charge_account": None}, Verdict.UNKNOWN, "other_charge_account"),
    ],
)
def test_states_and_contradictions(changes: dict[str, Any], verdict: Verdict, why: str) -> None:
    answer = read(body({**ORDER, **changes}))
    assert (answer.verdict, answer.problem) == (verdict, why)


def test_parts_of_a_fen_are_owed_whole() -> None:
    assert read(body({**ORDER, "order_price": 16.4901})).cost_minor == 1650
    assert reading.minor("16.49") == 1649
    odd: list[object] = ["1e3", "NaN", "", "-", "16,50", None, [], 16.5]
    for bad in odd:
        with pytest.raises(Unreadable):
            reading.minor(bad)


@pytest.mark.parametrize(
    ("deadline", "day"),
    [("2027-12-31 23:59:59", "2027-12-31"), ("2027-12-31", "2027-12-31"), (None, ""), ("", "")],
)
def test_the_last_day_of_a_card(deadline: str | None, day: str) -> None:
    sealed = "12nCp6X/nALmrvr1erxK+D4L8n/kqz/RItKWUfvZrCU="
    published = "0a091b3aa4324435aab703142518a8f7"
    card = {"card_number": sealed, "card_pwd": "", "card_deadline": deadline}
    order = {**ORDER, "charge_account": "", "cards": [card]}
    buy = replace(BUY, kind="card", account="")
    answer = reading.read_order(
        reading.parse(json.dumps(order)), purchase=buy, secret=published, with_cards=True
    )
    (code,) = answer.codes
    assert (code.number, code.secret, code.expires_on) == ("CD1000250201906121742434441", "", day)
    odd = {**order, "cards": [{**card, "card_deadline": "31.12.2027"}]}
    bad = reading.read_order(odd, purchase=buy, secret=published, with_cards=True)
    assert (bad.verdict, bad.codes) == (Verdict.UNKNOWN, ())


def test_an_answer_to_the_order_never_brings_cards(suppliers: Suppliers) -> None:
    """Even if it did, they would be taken from the query alone."""
    buy = replace(BUY, kind="card", account="")
    order = {**ORDER, "charge_account": "", "cards": [{"card_number": "x"}]}
    assert read(body(order), buy, with_cards=False).codes == ()


def test_a_code_outside_the_table_and_one_that_the_connection_adds(suppliers: Suppliers) -> None:
    script = Script(suppliers.get("supplier_a", secret=SECRET).url)
    link = A.connection(script.base)
    buy = purchase()
    ADAPTER.place(link, buy, now=now())
    again = ADAPTER.place(link, buy, now=now())
    assert (again.verdict, again.code, again.problem) == (Verdict.UNKNOWN, "3006", "unlisted_code")
    rash = A.connection(script.base, options={"refusals": ["3006"]})
    assert ADAPTER.place(rash, buy, now=now()).verdict is Verdict.REJECTED


def test_without_a_price_nothing_is_ordered(suppliers: Suppliers) -> None:
    script = Script(suppliers.get("supplier_a", secret=SECRET).url)
    link, buy = A.connection(script.base), purchase()
    script.fault("bad_signature", op="products")
    answer = ADAPTER.place(link, buy, now=now())
    assert (answer.verdict, answer.problem) == (Verdict.NOT_SENT, "price: bad_signature")
    assert script.orders(external_id=buy.merchant_no) == []
    unasked = A.connection(script.base, options={"price_check": False})
    script.fault("bad_signature", op="products")
    assert ADAPTER.place(unasked, buy, now=now()).verdict is Verdict.ACCEPTED
    script.clear_faults()


def test_credit_by_value(suppliers: Suppliers) -> None:
    script = Script(suppliers.get("supplier_a", secret=SECRET).url)
    script.product("mobile:100", cost_minor=9950)
    link = A.connection(script.base)
    buy = purchase(supplier_sku="mobile:100", max_cost_minor=10_000)
    script.fault("stuck", op="order", match={"external_id": buy.merchant_no}, state="SUBMITTED")
    assert ADAPTER.place(link, buy, now=now()).verdict is Verdict.ACCEPTED
    script.finish(buy.merchant_no, "COMPLETED")
    answer = ADAPTER.query(link, buy, now=now())
    assert (answer.verdict, answer.cost_minor) == (Verdict.SUCCEEDED, 9950)


def test_a_weak_message_is_never_more(suppliers: Suppliers) -> None:
    fields = {"customer_order_no": "Q1", "order_status": "success", "product_id": "10000001",
              "buy_num": "1", "price": "16.5000", "order_id": "1"}  # fmt: skip
    signed = {**fields, "sign": signing.sign_text(signing.compact(fields), SECRET)}
    link = A.connection("http://127.0.0.1:9")

    def hear(data: dict[str, Any], known: Purchase | None = BUY) -> tuple[Verdict, Strength]:
        heard = callbacks.read_callback(
            link, body=json.dumps(data).encode(), find=lambda _number: known
        )
        return heard.answer.verdict, heard.strength

    assert hear(signed) == (Verdict.SUCCEEDED, Strength.WEAK)
    assert hear({**signed, "price": "56.1000"}) == (Verdict.SUCCEEDED, Strength.WEAK)
    assert hear({**signed, "price": "17.0000"}) == (Verdict.UNKNOWN, Strength.NONE)
    assert hear(signed, replace(BUY, supplier_sku="7")) == (Verdict.UNKNOWN, Strength.WEAK)
    old = A.connection("http://127.0.0.1:9", keys={KEY_ID: "x", "k0": SECRET})
    heard = callbacks.read_callback(old, body=json.dumps(signed).encode(), find=lambda _number: BUY)
    assert heard.verified


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"purchase_price": 0}, "bad_cost"),
        ({"purchase_price": -1}, "bad_cost"),
        ({"purchase_price": None}, "bad_money"),
        ({"purchase_price": 1e30}, "bad_money"),
        ({"product_type": "话费"}, "bad_field"),
        ({"sales_status": "?"}, "bad_field"),
        ({"product_id": "x" * 65}, "bad_sku"),
        ({"product_name": "x" * 201}, "bad_name"),
    ],
)
def test_goods(changes: dict[str, Any], why: str) -> None:
    good = {"product_id": 1, "product_name": "<b>月卡</b>", "product_type": "直充",
            "face_value": 30, "purchase_price": 16.5, "sales_status": "维护中",
            "stock_status": "警报"}  # fmt: skip
    at = datetime.now(UTC)
    entries = reading.parse(json.dumps([good, {**good, "product_id": 2, **changes}]))
    page = listing.read_goods(entries, now=at)
    (item,) = page.items
    assert (item.supplier_sku, item.stock, item.on_sale) == ("1", Stock.UNKNOWN, False)
    assert (item.face_minor, item.cost_minor) == (3000, 1650)
    assert [entry.why for entry in page.rejected] == [why]


def test_pages_of_a_statement_must_say_which_they_are() -> None:
    day = datetime(2026, 1, 2, tzinfo=UTC).date()
    page = {"day": "2026-01-02", "page": 1, "pages": 1, "lines": [{"type": "?"}, 7]}
    assert listing.read_lines(page, day=day, page=1)[0] == 1
    assert [one.why for one in listing.read_lines(page, day=day, page=1)[1]] == [  # type: ignore[union-attr]
        "bad_type", "not_an_object",
    ]  # fmt: skip
    for change in ({"day": "2026-02-01"}, {"page": 2}, {"pages": 0}, {"pages": 10**9},
                   {"lines": None}):  # fmt: skip
        with pytest.raises(Unreadable):
            listing.read_lines({**page, **change}, day=day, page=1)


def test_it_is_registered() -> None:
    assert adapter_for("gateway_md5") is ADAPTER
