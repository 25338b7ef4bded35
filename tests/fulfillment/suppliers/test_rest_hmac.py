"""The client of dialect C against the real simulator over HTTP, with every fault it knows."""

import socket
from datetime import UTC, datetime
from typing import Any

import pytest

from core.ids import new_number
from fulfillment.suppliers.base import Connection, Purchase, Verdict
from fulfillment.suppliers.registry import NoSuchDialect, adapter_for, adapters
from simulators.process import Simulator
from simulators.supplier_c.script import Supplier as Script
from tests.factories.supply import KEY_ID, PHONE, SECRET

ADAPTER = adapter_for("rest_hmac")
UNKNOWN, ACCEPTED, REJECTED = Verdict.UNKNOWN, Verdict.ACCEPTED, Verdict.REJECTED


def now() -> datetime:
    return datetime.now(UTC)


def connection(url: str, **changes: Any) -> Connection:
    values = {"code": "c", "base_url": url, "key_id": KEY_ID, "keys": {KEY_ID: SECRET}, **changes}
    return Connection(**values)


def purchase(**changes: Any) -> Purchase:
    values = {"merchant_no": new_number("Q"), "supplier_sku": "TOPUP-1", "kind": "direct",
              "max_cost_minor": 1650, "account": PHONE, **changes}  # fmt: skip
    return Purchase(**values)


def stay_open(script: Script, buy: Purchase) -> None:
    """The order does not end by itself before the test ends it."""
    script.fault("stuck", op="order", match={"external_id": buy.merchant_no}, state="SUBMITTED")


def test_order_then_query(supplier_c: Simulator, script: Script) -> None:
    link, buy = connection(supplier_c.url), purchase()
    stay_open(script, buy)
    placed = ADAPTER.place(link, buy, now=now())
    assert (placed.verdict, placed.cost_minor, placed.trusted) == (ACCEPTED, 1650, True)
    script.finish(buy.merchant_no, "COMPLETED")
    asked = ADAPTER.query(link, buy, now=now())
    assert (asked.verdict, asked.supplier_no) == (Verdict.SUCCEEDED, placed.supplier_no)
    assert len(script.grants(external_id=buy.merchant_no)) == 1


def test_nobody_listens(supplier_c: Simulator) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert ADAPTER.place(connection(url), purchase(), now=now()).verdict is Verdict.NOT_SENT
        # A question that never left says nothing about the purchase.
        assert ADAPTER.query(connection(url), purchase(), now=now()).verdict is UNKNOWN


LINE_FAULTS: list[tuple[str, dict[str, Any], bool]] = [
    ("drop_before", {}, False),
    ("error_before", {"status": 500}, False),
    ("error_before", {"status": 503}, False),
    ("rate_limited", {"retry_after": 7}, False),
    ("redirect", {"location": "http://127.0.0.1:1/"}, False),
    ("drop_after", {}, True),
    ("error_after", {"status": 502}, True),
    ("rate_limited_after", {}, True),
    ("half_body", {}, True),
    ("bad_signature", {}, True),
    ("wrong_nonce", {}, True),
    ("stale_reply", {}, True),
    ("bom", {}, True),
    ("not_json", {}, True),
    ("empty", {}, True),
    ("huge", {"bytes": 50_000_000}, True),
    ("gzip_bomb", {"bytes": 50_000_000}, True),
]


@pytest.mark.parametrize(
    ("fault", "params", "bought"), LINE_FAULTS, ids=[f"{f}-{p}" for f, p, _ in LINE_FAULTS]
)
def test_faults_of_the_line_are_unknown(
    supplier_c: Simulator, script: Script, fault: str, params: dict[str, Any], bought: bool
) -> None:
    """C02, C03, C18: after the first byte nothing but a whole, signed, listed answer counts."""
    link, buy = connection(supplier_c.url), purchase()
    script.fault(fault, op="order", match={"external_id": buy.merchant_no}, **params)
    answer = ADAPTER.place(link, buy, now=now())
    assert (answer.verdict, answer.trusted) == (UNKNOWN, False)
    assert answer.retry_after_seconds == params.get("retry_after", answer.retry_after_seconds)
    expected = ACCEPTED if bought else Verdict.NOT_FOUND
    found = ADAPTER.query(link, buy, now=now()).verdict
    assert found is expected or (bought and found is Verdict.SUCCEEDED)


@pytest.mark.parametrize("fault", ["delay", "delay_after"])
def test_a_slow_answer_is_an_answer(supplier_c: Simulator, script: Script, fault: str) -> None:
    buy = purchase()
    script.fault(fault, op="order", match={"external_id": buy.merchant_no}, seconds=0.3)
    assert ADAPTER.place(connection(supplier_c.url), buy, now=now()).verdict in (
        ACCEPTED, Verdict.SUCCEEDED,
    )  # fmt: skip


@pytest.mark.parametrize(
    "code",
    ["OUT_OF_STOCK", "PRODUCT_OFF", "UNKNOWN_PRODUCT", "BAD_ACCOUNT", "INSUFFICIENT_BALANCE",
     "PRICE_ABOVE_LIMIT", "QUANTITY_ABOVE_LIMIT"],
)  # fmt: skip
def test_listed_refusals_are_definite(supplier_c: Simulator, script: Script, code: str) -> None:
    link, buy = connection(supplier_c.url), purchase()
    script.fault("reject", op="order", match={"external_id": buy.merchant_no}, code=code)
    answer = ADAPTER.place(link, buy, now=now())
    assert (answer.verdict, answer.code) == (REJECTED, code)
    assert ADAPTER.query(link, buy, now=now()).verdict is REJECTED


def test_price_guard_refuses_before_money_moves(supplier_c: Simulator, script: Script) -> None:
    """C14: the price rose by a fifth between quote and order."""
    buy = purchase()
    script.fault("price", op="order", match={"external_id": buy.merchant_no}, percent=20)
    answer = ADAPTER.place(connection(supplier_c.url), buy, now=now())
    assert (answer.verdict, answer.code) == (REJECTED, "PRICE_ABOVE_LIMIT")


@pytest.mark.parametrize("mode", ["200", "201", "409"])
def test_a_repeat_never_buys_twice(supplier_c: Simulator, script: Script, mode: str) -> None:
    script.repeat(mode)
    link, buy = connection(supplier_c.url), purchase()
    ADAPTER.place(link, buy, now=now())
    again = ADAPTER.place(link, buy, now=now())
    assert again.verdict is UNKNOWN if mode == "409" else again.verdict in (
        ACCEPTED, Verdict.SUCCEEDED,
    )  # fmt: skip
    assert len(script.orders(external_id=buy.merchant_no)) == 1


def test_the_same_number_for_something_else_is_unknown(supplier_c: Simulator) -> None:
    link, buy = connection(supplier_c.url), purchase()
    ADAPTER.place(link, buy, now=now())
    other = purchase(merchant_no=buy.merchant_no, account="13900139000")
    assert ADAPTER.place(link, other, now=now()).verdict is UNKNOWN
    # And the look-up's order is not the one we ask about.
    assert ADAPTER.query(link, other, now=now()).problem == "other_account"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"keys": {KEY_ID: "wrong"}}, "bad_signature"),
        ({"key_id": "k7", "keys": {"k7": "x"}}, "unsigned"),
    ],
)
def test_wrong_keys_prove_nothing(supplier_c: Simulator, changes: dict[str, Any], why: str) -> None:
    answer = ADAPTER.place(connection(supplier_c.url, **changes), purchase(), now=now())
    assert (answer.verdict, answer.problem) == (UNKNOWN, why)


def test_states_that_are_not_in_the_table(supplier_c: Simulator, script: Script) -> None:
    buy = purchase()
    script.fault("odd_state", op="order", match={"external_id": buy.merchant_no}, word="DONE")
    assert ADAPTER.place(connection(supplier_c.url), buy, now=now()).problem == "unlisted_state"


def test_balance(supplier_c: Simulator, script: Script) -> None:
    script.set_balance(123_456)
    assert ADAPTER.balance(connection(supplier_c.url), now=now()).minor == 123_456
    bad = ADAPTER.balance(connection(supplier_c.url, keys={KEY_ID: "wrong"}), now=now())
    assert bad.problem
    script.set_balance(100_000_000)


FORGED = ["bad_signature", "no_signature", "other_key", "unknown_key_id", "old", "future",
          "malformed", "not_utf8", "huge"]  # fmt: skip


@pytest.mark.parametrize("kind", FORGED)
def test_forged_callbacks_are_not_believed(
    supplier_c: Simulator, script: Script, kind: str
) -> None:
    link, buy = connection(supplier_c.url), purchase()
    stay_open(script, buy)
    ADAPTER.place(link, buy, now=now())
    script.finish(buy.merchant_no, "COMPLETED")
    made = script.callback(buy.merchant_no, forge=kind)
    heard = ADAPTER.read_callback(
        link, headers=made.headers, body=made.body, now=now(), find=lambda _number: buy
    )
    assert (heard.verified, heard.answer.verdict) == (False, UNKNOWN)
    assert heard.dedupe_key.startswith("refused:")
    assert ADAPTER.acknowledge(link, accepted=False).status >= 400


def test_a_true_callback_is_strong(supplier_c: Simulator, script: Script) -> None:
    link, buy = connection(supplier_c.url), purchase()
    stay_open(script, buy)
    ADAPTER.place(link, buy, now=now())
    script.finish(buy.merchant_no, "COMPLETED")
    made = script.callback(buy.merchant_no)

    def read(known: Purchase | None) -> Verdict:
        return ADAPTER.read_callback(
            link, headers=made.headers, body=made.body, now=now(), find=lambda _n: known
        ).answer.verdict

    assert read(buy) is Verdict.SUCCEEDED
    assert read(purchase(merchant_no=buy.merchant_no, account="13900139000")) is UNKNOWN
    assert read(purchase(merchant_no=buy.merchant_no, supplier_sku="TOPUP-2")) is UNKNOWN


def test_registry() -> None:
    assert adapters()["rest_hmac"] is ADAPTER
    with pytest.raises(NoSuchDialect):
        adapter_for("nobody")
