"""Orders of dialect C: once per external id, listed refusals, honest courses, exact money."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from simulators.supplier_c.script import Caller, Supplier
from simulators.supply import money
from tests.simulators.conftest import SECRET
from tests.simulators.numbers import number, until

TARGET = {"account": "13800138000"}


def state(caller: Caller, code: str) -> str:
    return str(order(caller, code)["state"])


def order(caller: Caller, code: str) -> dict[str, Any]:
    answer = caller.look_up(code)
    assert (answer.status, answer.genuine) == (200, True)
    return dict(answer.json()["order"])


def test_a_top_up_is_delivered_once(supplier: Supplier, caller: Caller) -> None:
    code = number()
    before = supplier.truth()["balance_minor"]
    answer = caller.place(code, "TOPUP-1", target=TARGET, max_cost="16.50")
    first = answer.json()["order"]
    assert (answer.status, answer.genuine, first["state"]) == (201, True, "PENDING")
    assert (first["cost"], first["cards"], first["kind"]) == ("16.50", [], "direct")
    until(lambda: state(caller, code) == "COMPLETED")
    final = order(caller, code)
    assert final["receipt"]
    assert final["delivered"] == 1
    assert final["version"] > first["version"]
    (grant,) = supplier.grants(external_id=code)
    assert (grant["account"], grant["cost_minor"], grant["unit"]) == ("13800138000", 1650, 1)
    assert supplier.truth()["balance_minor"] == before - 1650


def test_cards_come_by_look_up(supplier: Supplier, caller: Caller) -> None:
    code = number()
    assert caller.place(code, "CARD-1", quantity=3).status == 201
    until(lambda: state(caller, code) == "COMPLETED")
    cards = order(caller, code)["cards"]
    grants = supplier.grants(external_id=code)
    assert [card["number"] for card in cards] == [grant["number"] for grant in grants]
    assert len({card["secret"] for card in cards}) == 3
    assert all(card["expires_on"] for card in cards)


@pytest.mark.parametrize("mode", ["201", "200", "409"])
def test_the_same_id_again(supplier: Supplier, caller: Caller, mode: str) -> None:
    supplier.repeat(mode)
    code = number()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: caller.place(code, "TOPUP-1", target=TARGET), range(16)))
    assert sorted({answer.status for answer in answers}) == sorted({201, int(mode)})
    if mode == "409":
        assert {a.json()["error"]["code"] for a in answers if a.status == 409} == {
            "DUPLICATE_EXTERNAL_ID"
        }
    other = caller.place(code, "TOPUP-1", target=TARGET, quantity=2)
    assert (other.status, other.json()["error"]["code"]) == (409, "EXTERNAL_ID_CONFLICT")
    until(lambda: len(supplier.grants(external_id=code)) == 1)
    assert len(supplier.orders(external_id=code)) == 1


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("UNKNOWN_PRODUCT", {"product": "NO-SUCH"}),
    ("PRODUCT_OFF", {"product": "OFF-1"}),
    ("OUT_OF_STOCK", {"product": "TOPUP-2", "quantity": 4}),
    ("QUANTITY_ABOVE_LIMIT", {"product": "TOPUP-1", "quantity": 101}),
    ("PRICE_ABOVE_LIMIT", {"product": "TOPUP-1", "max_cost": "16.49"}),
    ("BAD_ACCOUNT", {"product": "TOPUP-1", "target": {"account": " "}}),
    ("BAD_ACCOUNT", {"product": "CARD-1", "target": TARGET}),
]


@pytest.mark.parametrize(("code", "fields"), REFUSED, ids=lambda v: v if type(v) is str else "")
def test_listed_refusals(
    supplier: Supplier, caller: Caller, code: str, fields: dict[str, Any]
) -> None:
    supplier.product("OFF-1", cost_minor=100, state="off")
    before = supplier.truth()["balance_minor"]
    external_id = number()
    wanted = {"target": TARGET, **fields}
    answer = caller.place(external_id, **wanted)
    assert (answer.status, answer.genuine) == (422, True)
    assert answer.json()["error"]["code"] == code
    assert answer.json()["order"]["state"] == "REJECTED"
    again = caller.place(external_id, **wanted)
    assert (again.status, again.json()["error"]["code"]) == (422, code)
    assert order(caller, external_id)["reason"]["code"] == code
    assert supplier.truth()["balance_minor"] == before
    assert supplier.grants(external_id=external_id) == []


def test_balance_runs_out(supplier: Supplier, caller: Caller) -> None:
    before = supplier.truth()["balance_minor"]
    supplier.set_balance(1649)
    try:
        answer = caller.place(number(), "TOPUP-1", target=TARGET)
        assert answer.json()["error"]["code"] == "INSUFFICIENT_BALANCE"
        assert caller.call("GET", "/v1/balance").json()["balance"] == "16.49"
    finally:
        supplier.set_balance(before)


@pytest.mark.parametrize(
    "fields",
    [
        {"quantity": 0},
        {"quantity": "1"},
        {"quantity": True},
        {"quantity": 1.5},
        {"max_cost": 16.5},
        {"max_cost": "16.5"},
        {"max_cost": "NaN"},
        {"currency": "USD"},
        {"target": "13800138000"},
        {"target": {"account": 1}},
        {"target": {}},
        {"callback_url": "file:///etc"},
        {"external_id": "a b"},
        {"surprise": 1},
    ],
    ids=str,
)
def test_bad_requests_buy_nothing(
    supplier: Supplier, caller: Caller, fields: dict[str, Any]
) -> None:
    code = number()
    body = {"external_id": code, "product": "TOPUP-1", "quantity": 1, "currency": "CNY"}
    answer = caller.call("POST", "/v1/orders", {**body, "target": TARGET, **fields})
    assert (answer.status, answer.json()["error"]["code"]) == (400, "BAD_REQUEST")
    assert supplier.orders(external_id=code) == []
    assert caller.look_up(code).status == 404


def test_only_the_key_holder_is_heard(supplier: Supplier, caller: Caller) -> None:
    stranger = Caller(supplier.base, key_id="k1", secret="guessed")
    assert stranger.place(number(), "TOPUP-1").json()["error"]["code"] == "BAD_SIGNATURE"
    unknown = Caller(supplier.base, key_id="k9", secret=SECRET).look_up(number())
    assert (unknown.status, unknown.genuine) == (401, False)
    assert caller.call("GET", "/v1/balance", shift=-301).json()["error"]["code"] == (
        "STALE_TIMESTAMP"
    )
    nonce = number()
    assert caller.call("GET", "/v1/balance", nonce=nonce).status == 200
    assert caller.call("GET", "/v1/balance", nonce=nonce).json()["error"]["code"] == "NONCE_REUSED"


def test_keys_rotate(supplier: Supplier, caller: Caller) -> None:
    supplier.set_key("k2", secret="another")
    fresh = Caller(supplier.base, key_id="k2", secret="another")
    code = number()
    assert caller.place(code, "TOPUP-1", target=TARGET).status == 201
    try:
        supplier.set_key("k1", disabled=True)
        assert caller.look_up(code).status == 401
        assert fresh.look_up(code).genuine
    finally:
        supplier.set_key("k1", disabled=False)


@pytest.mark.parametrize(
    ("fault", "params", "end", "reason"),
    [
        ("reject_later", {"code": "BAD_ACCOUNT"}, "REJECTED", "BAD_ACCOUNT"),
        ("fail", {}, "FAILED", "OPERATOR_FAILED"),
    ],
)
def test_bad_ends_give_the_charge_back(
    supplier: Supplier, caller: Caller, fault: str, params: dict[str, Any], end: str, reason: str
) -> None:
    before = supplier.truth()["balance_minor"]
    supplier.fault(fault, op="order", **params)
    code = number()
    assert caller.place(code, "TOPUP-1", target=TARGET).status == 201
    until(lambda: state(caller, code) == end)
    final = order(caller, code)
    assert (final["reason"]["code"], final["cost"], final["delivered"]) == (reason, "0.00", 0)
    assert supplier.grants(external_id=code) == []
    assert supplier.truth()["balance_minor"] == before


def test_submitted_is_not_the_end(supplier: Supplier, caller: Caller) -> None:
    supplier.fault("stuck", op="order")
    code = number()
    caller.place(code, "TOPUP-1", target=TARGET)
    until(lambda: state(caller, code) == "SUBMITTED")
    time.sleep(0.3)
    assert state(caller, code) == "SUBMITTED"
    supplier.finish(code, "COMPLETED")
    assert len(supplier.grants(external_id=code)) == 1


def test_reversal(supplier: Supplier, caller: Caller) -> None:
    before = supplier.truth()["balance_minor"]
    supplier.fault("reverse", op="order", seconds=0.1)
    code = number()
    caller.place(code, "TOPUP-1", target=TARGET)
    until(lambda: state(caller, code) == "REVERSED")
    (grant,) = supplier.grants(external_id=code)
    assert grant["reversed_at"]
    assert order(caller, code)["cost"] == "0.00"
    assert supplier.truth()["balance_minor"] == before


def test_partial_delivery(supplier: Supplier, caller: Caller) -> None:
    before = supplier.truth()["balance_minor"]
    supplier.fault("partial", op="order", delivered=2)
    code = number()
    assert caller.place(code, "CARD-1", quantity=3).json()["order"]["cost"] == "285.00"
    until(lambda: state(caller, code) == "COMPLETED")
    final = order(caller, code)
    assert (final["delivered"], len(final["cards"]), final["cost"]) == (2, 2, "190.00")
    assert supplier.truth()["balance_minor"] == before - 19000


def test_a_code_sold_before(supplier: Supplier, caller: Caller) -> None:
    first, second = number(), number()
    caller.place(first, "CARD-1")
    until(lambda: state(caller, first) == "COMPLETED")
    supplier.fault("sold_code", op="order", number=order(caller, first)["cards"][0]["number"])
    caller.place(second, "CARD-1")
    until(lambda: state(caller, second) == "COMPLETED")
    one, two = (order(caller, code)["cards"][0]["number"] for code in (first, second))
    assert one == two


def test_price_changes(supplier: Supplier, caller: Caller) -> None:
    supplier.fault("price", op="order", percent=20)
    guarded = caller.place(number(), "TOPUP-1", target=TARGET, max_cost="16.50")
    assert guarded.json()["error"]["code"] == "PRICE_ABOVE_LIMIT"
    supplier.fault("price", op="order", percent=20, ignore_limit=True)
    robbed = caller.place(number(), "TOPUP-1", target=TARGET, max_cost="16.50")
    assert (robbed.status, robbed.json()["order"]["cost"]) == (201, "19.80")


def test_hidden_right_after_acceptance(supplier: Supplier, caller: Caller) -> None:
    supplier.fault("hide", op="order", seconds=0.4)
    code = number()
    assert caller.place(code, "TOPUP-1", target=TARGET).status == 201
    answer = caller.look_up(code)
    assert (answer.status, answer.genuine) == (404, True)
    until(lambda: caller.look_up(code).status == 200)


def test_words_out_of_the_table(supplier: Supplier, caller: Caller) -> None:
    supplier.fault("odd_state", op="order", word="ALMOST")
    code = number()
    assert caller.place(code, "TOPUP-1", target=TARGET).json()["order"]["state"] == "ALMOST"
    supplier.fault("reject", op="order", code="MOON_PHASE")
    assert caller.place(number(), "TOPUP-1", target=TARGET).json()["error"]["code"] == "MOON_PHASE"


def test_stock_is_never_oversold(supplier: Supplier, caller: Caller) -> None:
    supplier.product("FEW-1", cost_minor=100, stock=5)
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda _: caller.place(number(), "FEW-1", target=TARGET).status, range(20))
        )
    assert (answers.count(201), answers.count(422)) == (5, 15)


def test_balance_is_what_was_paid_less_what_was_delivered(supplier: Supplier) -> None:
    """Over all that the other tests of this file did."""
    until(lambda: not any(o["state"] == "PENDING" for o in supplier.orders()))
    truth = supplier.truth()
    topups = sum(m["amount_minor"] for m in truth["movements"] if m["type"] == "TOPUP")
    charged = sum(row["cost_minor"] for row in truth["orders"])
    assert truth["balance_minor"] == topups - charged
    live = sum(g["cost_minor"] for g in truth["grants"] if g["reversed_at"] is None)
    still_open = [o for o in truth["orders"] if o["state"] in ("PENDING", "SUBMITTED")]
    assert charged == live + sum(row["cost_minor"] for row in still_open)


def test_money_is_exact() -> None:
    assert [money.parse(text) for text in ("0.01", "16.50", "-3.00")] == [1, 1650, -300]
    assert [money.show(minor) for minor in (1, 1650, -300, -5)] == [
        "0.01",
        "16.50",
        "-3.00",
        "-0.05",
    ]
    for text in ("1", "1.5", "1.234", "1e2", "", " 1.00", "NaN", "١.٠٠"):
        with pytest.raises(ValueError, match="two digits"):
            money.parse(text)
