"""Callbacks of dialect C: strong, repeated, and all the ways they go wrong."""

import json
import time
from typing import Any

import pytest

from simulators.server import Request, text_answer
from simulators.supplier_c import forging, signing
from simulators.supplier_c.script import Caller, Supplier
from tests.simulators.conftest import SECRET
from tests.simulators.numbers import number
from tests.simulators.receiver import Receiver

TARGET = {"account": "13800138000"}
STATES = ("PENDING", "SUBMITTED", "COMPLETED", "REJECTED", "FAILED", "REVERSED")


def place(caller: Caller, receiver: Receiver, product: str = "TOPUP-1", **fields: Any) -> str:
    code = number()
    target = None if product.startswith("CARD") else TARGET
    answer = caller.place(code, product, target=target, callback_url=receiver.url, **fields)
    assert answer.status == 201
    return code


def verdict(headers: dict[str, str], body: bytes, code: str) -> str:  # noqa: PLR0911
    """A careful buyer's reading: empty when the callback holds, else the reason."""
    given = {name.lower(): value for name, value in headers.items()}
    if len(body) > 64 * 1024:
        return "size"
    if given.get("x-key-id") != "k1":
        return "key"
    stamp = given.get("x-timestamp", "0")
    wanted = signing.sign_callback(
        secret=SECRET, callback_id=given.get("x-callback-id", ""), timestamp=stamp, body=body
    )
    if not signing.same(wanted, given.get("x-signature", "")):
        return "signature"
    if abs(time.time() - int(stamp)) > 300:
        return "time"
    try:
        order = json.loads(body.decode("utf-8"))["order"]
    except (UnicodeDecodeError, ValueError):
        return "body"
    if order["external_id"] != code:
        return "order"
    return "" if order["state"] in STATES else "state"


def orders(got: list[Request]) -> list[dict[str, Any]]:
    return [request.json()["order"] for request in got]


def test_tells_the_end(caller: Caller, receiver: Receiver) -> None:
    code = place(caller, receiver)
    (request,) = receiver.await_count(1)
    assert verdict(request.headers, request.body, code) == ""
    assert request.json()["type"] == "order.completed"


def test_never_carries_codes(supplier: Supplier, caller: Caller, receiver: Receiver) -> None:
    code = place(caller, receiver, "CARD-1")
    (request,) = receiver.await_count(1)
    assert request.json()["order"]["cards"] == []
    (grant,) = supplier.grants(external_id=code)
    assert grant["secret"].encode() not in request.body
    assert grant["number"].encode() not in request.body


def test_is_repeated_until_taken(supplier: Supplier, caller: Caller, receiver: Receiver) -> None:
    answers = iter([text_answer("", 500), text_answer("", 302), text_answer("", 204)])
    receiver.reply = lambda _: next(answers)
    code = place(caller, receiver)
    got = receiver.await_count(3)
    assert len({request.headers["x-callback-id"] for request in got}) == 1
    assert all(verdict(request.headers, request.body, code) == "" for request in got)
    time.sleep(0.3)
    assert len(receiver.got) == 3


def test_duplicates(supplier: Supplier, caller: Caller, receiver: Receiver) -> None:
    supplier.fault("duplicate", op="callback", copies=20, concurrency=10)
    code = place(caller, receiver)
    assert len({request.body for request in receiver.await_count(20)}) == 1
    assert supplier.recallback(code, copies=20, concurrency=10)["acked"] == 20


def test_none_and_late(supplier: Supplier, caller: Caller, receiver: Receiver) -> None:
    supplier.fault("none", op="callback")
    place(caller, receiver)
    time.sleep(0.4)
    assert receiver.got == []
    supplier.fault("late", op="callback", seconds=0.5)
    start = time.monotonic()
    place(caller, receiver)
    receiver.await_count(1)
    assert time.monotonic() - start > 0.5


def test_reordered(supplier: Supplier, caller: Caller, receiver: Receiver) -> None:
    supplier.fault("reorder", op="callback")
    place(caller, receiver)
    true, older = orders(receiver.await_count(2))
    assert (true["state"], older["state"]) == ("COMPLETED", "SUBMITTED")
    assert true["version"] > older["version"]


@pytest.mark.parametrize("fail", [True, False])
def test_contradicting(supplier: Supplier, caller: Caller, receiver: Receiver, fail: bool) -> None:
    if fail:
        supplier.fault("fail", op="order")
    supplier.fault("contradict", op="callback")
    code = place(caller, receiver)
    got = receiver.await_count(2)
    assert [verdict(request.headers, request.body, code) for request in got] == ["", ""]
    states = [order["state"] for order in orders(got)]
    assert states == (["COMPLETED", "FAILED"] if fail else ["FAILED", "COMPLETED"])


REASONS = {
    "bad_signature": "signature",
    "no_signature": "signature",
    "other_key": "signature",
    "unknown_key_id": "key",
    "old": "time",
    "future": "time",
    "other_order": "order",
    "malformed": "body",
    "huge": "size",
    "not_utf8": "body",
    "bad_state": "state",
}


@pytest.mark.parametrize("kind", forging.KINDS)
def test_a_forgery_fails_for_its_own_reason(
    supplier: Supplier, caller: Caller, receiver: Receiver, kind: str
) -> None:
    code = place(caller, receiver)
    receiver.await_count(1)
    genuine = supplier.callback(code)
    assert verdict(dict(genuine.headers), genuine.body, code) == ""
    made = supplier.callback(code, forge=kind)
    assert verdict(dict(made.headers), made.body, code) == REASONS[kind]


def test_forgeries_come_before_the_true_one(
    supplier: Supplier, caller: Caller, receiver: Receiver
) -> None:
    supplier.fault("forged", op="callback", kinds=["other_key", "old"])
    code = place(caller, receiver)
    got = receiver.await_count(3)
    assert [verdict(r.headers, r.body, code) for r in got] == ["signature", "time", ""]


def test_a_built_callback_can_be_changed(
    supplier: Supplier, caller: Caller, receiver: Receiver
) -> None:
    supplier.fault("stuck", op="order")
    code = place(caller, receiver)
    made = supplier.callback(code, state="COMPLETED", cost="0.01")
    assert verdict(dict(made.headers), made.body, code) == ""
    assert made.post().status == 200
    assert orders(receiver.got)[0]["cost"] == "0.01"


def test_a_reversal_is_told(supplier: Supplier, caller: Caller, receiver: Receiver) -> None:
    supplier.fault("reverse", op="order", seconds=0.1)
    place(caller, receiver)
    states = [order["state"] for order in orders(receiver.await_count(2))]
    assert states == ["COMPLETED", "REVERSED"]
