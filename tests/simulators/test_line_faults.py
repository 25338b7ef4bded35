"""Each fault of the line, on both simulators: what the caller sees, and what really happened."""

import gzip
import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from simulators.client import Client, ScriptError
from simulators.localpay.merchant import Merchant
from simulators.localpay.script import Gateway
from simulators.supplier_c.script import Caller, Supplier
from tests.simulators.numbers import number
from tests.simulators.receiver import Receiver


@dataclass
class Seen:
    """What the caller got; status 0 is a broken line."""

    status: int
    genuine: bool
    headers: dict[str, str]
    body: bytes
    seconds: float


@dataclass
class Road:
    """One call that does something, and the way to learn whether it did."""

    script: Client
    op: str
    act: Callable[[], Seen]
    done: Callable[[], bool]


def watched(call: Callable[[], object]) -> Seen:
    start = time.monotonic()
    try:
        answer = call()
    except (OSError, http.client.HTTPException):
        return Seen(0, False, {}, b"", time.monotonic() - start)
    seconds = time.monotonic() - start
    status, genuine = answer.status, answer.genuine  # type: ignore[attr-defined]
    return Seen(status, genuine, dict(answer.headers), answer.body, seconds)  # type: ignore[attr-defined]


@pytest.fixture(params=["refund", "order"])
def road(
    request: pytest.FixtureRequest,
    gateway: Gateway,
    merchant: Merchant,
    supplier: Supplier,
    caller: Caller,
    receiver: Receiver,
) -> Road:
    code = number()
    if request.param == "order":
        target = {"account": "13800138000"}
        return Road(
            supplier,
            "order",
            lambda: watched(lambda: caller.place(code, "TOPUP-1", target=target)),
            lambda: bool(supplier.orders(external_id=code)),
        )
    gateway.pay(code, url=merchant.link(code, notify_url=receiver.url))
    return Road(
        gateway,
        "refund",
        lambda: watched(lambda: merchant.refund(code, number(), 100)),
        lambda: bool(gateway.truth(number=code)["refunds"]),
    )


def test_without_fault(road: Road) -> None:
    seen = road.act()
    assert (seen.status, seen.genuine, road.done()) == (201 if road.op == "order" else 200, 1, 1)


@pytest.mark.parametrize(
    ("fault", "status"),
    [("drop_before", 0), ("error_before", 500), ("rate_limited", 429), ("redirect", 302)],
)
def test_nothing_was_done(road: Road, fault: str, status: int) -> None:
    road.script.fault(fault, op=road.op)
    seen = road.act()
    assert (seen.status, seen.genuine, road.done()) == (status, False, False)
    if fault == "rate_limited":
        assert seen.headers["retry-after"] == "1"
    if fault == "redirect":
        assert seen.headers["location"]
    assert road.act().genuine, "the rule was for one call"


@pytest.mark.parametrize(
    ("fault", "status"),
    [("drop_after", 0), ("error_after", 502), ("rate_limited_after", 429), ("half_body", 0)],
)
def test_it_was_done_and_the_answer_is_lost(road: Road, fault: str, status: int) -> None:
    road.script.fault(fault, op=road.op)
    seen = road.act()
    assert (seen.status, seen.genuine, road.done()) == (status, False, True)


@pytest.mark.parametrize("fault", ["bad_signature", "wrong_nonce", "stale_reply"])
def test_it_was_done_and_the_answer_is_not_genuine(road: Road, fault: str) -> None:
    road.script.fault(fault, op=road.op)
    seen = road.act()
    assert (seen.status < 300, seen.genuine, road.done()) == (True, False, True)


@pytest.mark.parametrize("fault", ["not_json", "empty", "charset", "bom"])
def test_it_was_done_and_the_answer_is_odd(road: Road, fault: str) -> None:
    road.script.fault(fault, op=road.op)
    seen = road.act()
    assert road.done()
    if fault == "charset":
        with pytest.raises(UnicodeDecodeError):
            seen.body.decode("utf-8")
        assert "备注" in seen.body.decode("gbk")
    elif fault == "bom":
        assert seen.body.startswith(b"\xef\xbb\xbf{")
    else:
        assert not seen.genuine
        assert seen.body[:6] == (b"<html>" if fault == "not_json" else b"")


def test_hostile_sizes(road: Road) -> None:
    road.script.fault("huge", op=road.op)
    assert len(road.act().body) == 50 * 1024 * 1024
    road.script.fault("gzip_bomb", op=road.op)
    seen = road.act()
    assert seen.headers["content-encoding"] == "gzip"
    assert len(seen.body) < 200_000
    assert len(gzip.decompress(seen.body)) == 50 * 1024 * 1024


def test_delays(road: Road) -> None:
    road.script.fault("delay", op=road.op, seconds=0.3)
    assert road.act().seconds >= 0.3
    road.script.fault("delay_after", op=road.op, seconds=0.3)
    assert road.act().seconds >= 0.3
    road.script.fault("slow_loris", op=road.op, seconds=0.002)
    seen = road.act()
    assert seen.seconds >= 0.3
    assert seen.genuine


def test_a_fault_that_does_nothing_is_refused(road: Road) -> None:
    for op, fault in (("nothing", "delay"), (road.op, "dealy"), ("bill", "async")):
        with pytest.raises(ScriptError, match="no fault"):
            road.script.fault(fault, op=op)


def test_by_chance_the_seed_decides(supplier: Supplier, caller: Caller) -> None:
    supplier.fault("error_before", op="balance", times=None, chance=0.5)
    seen = [caller.call("GET", "/v1/balance").status for _ in range(60)]
    assert 15 <= seen.count(500) <= 45
    assert supplier.control("faults")["faults"][0]["hits"] == seen.count(500)


def test_matches_only_its_number(gateway: Gateway, merchant: Merchant, receiver: Receiver) -> None:
    hit, spared = number(), number()
    gateway.fault("error_before", op="query", times=None, match={"number": hit})
    assert merchant.query(spared).code == "PAYMENT_NOT_EXIST"
    assert merchant.query(hit).status == 500
    gateway.clear_faults()
    assert merchant.query(hit).code == "PAYMENT_NOT_EXIST"
