"""The simulators as processes: quick, orderly, durable, and closed to strangers."""

import http.client
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from simulators.localpay.merchant import Merchant
from simulators.localpay.script import Gateway
from simulators.process import Simulator
from simulators.supplier_c.script import Caller, Supplier
from tests.simulators.conftest import SECRET, localpay_options, merchant_of, supplier_options
from tests.simulators.numbers import number, until

TARGET = {"account": "13800138000"}


@pytest.mark.parametrize("name", ["localpay", "supplier_c"])
def test_starts_and_ends_on_term(tmp_path: Path, name: str) -> None:
    for at in range(3):
        sim = Simulator(name, state=tmp_path / str(at))
        sim.start()
        assert (sim.state / "url").read_text().strip() == sim.url
        assert Gateway(sim.url).send("GET", "/health") == (200, {"ok": True})
        assert sim.stop() == 0


def test_a_gateway_keeps_its_key(tmp_path: Path) -> None:
    sim = Simulator("localpay", state=tmp_path)
    with sim:
        first = Gateway(sim.url).send("GET", "/keys")[1]["keys"]
        assert (tmp_path / "gateway-public.pem").read_text() == first[0]["public_pem"]
        fresh = Gateway(sim.url).rotate_key()
    with sim:
        keys = Gateway(sim.url).send("GET", "/keys")[1]["keys"]
    assert [key["key_id"] for key in keys] == [first[0]["key_id"], fresh]
    assert [key["active"] for key in keys] == [False, True]
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("gateway-LP*.pem"))


def test_kill_loses_no_acknowledged_payment(tmp_path: Path, merchant_pem: Path) -> None:
    sim = Simulator("localpay", state=tmp_path, options=localpay_options(merchant_pem)).start()
    merchant, acknowledged = merchant_of(sim.url), set[str]()

    def shop() -> None:
        gateway = Gateway(sim.url)
        while True:
            code = number()
            try:
                gateway.pay(code, url=merchant.link(code, notify_url="http://127.0.0.1:9/"), wait=0)
            except (OSError, http.client.HTTPException, ValueError):
                return
            acknowledged.add(code)

    threads = [threading.Thread(target=shop) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: len(acknowledged) >= 40)
    sim.kill()
    for thread in threads:
        thread.join()
    with sim:
        truth = Gateway(sim.url).truth()
        until(lambda: all(n["tries"] for n in Gateway(sim.url).truth()["notices"]))
    paid = {row["number"] for row in truth["payments"] if row["status"] == "SUCCESS"}
    assert acknowledged <= paid
    assert len(truth["notices"]) == len(paid)


def test_kill_loses_no_order_and_repeats_none(tmp_path: Path) -> None:
    options = supplier_options(tmp_path / "products.csv")
    sim = Simulator("supplier_c", state=tmp_path, options=options).start()
    caller = Caller(sim.url, key_id="k1", secret=SECRET)
    codes = [number() for _ in range(30)]
    for code in codes:
        assert caller.place(code, "TOPUP-1", target=TARGET).status == 201
    sim.kill()
    with sim:
        script = Supplier(sim.url)
        until(lambda: len(script.grants()) == len(codes))
        for code in codes:
            assert caller.place(code, "TOPUP-1", target=TARGET).json()["order"]["state"] == (
                "COMPLETED"
            )
        truth = script.truth()
    assert sorted(grant["external_id"] for grant in truth["grants"]) == sorted(codes)
    assert truth["balance_minor"] == 100_000_000 - 1650 * len(codes)


def test_bears_64_connections_at_once(supplier: Supplier, caller: Caller) -> None:
    """All open before the first is used: none may be turned away or starve."""
    codes = [number() for _ in range(64)]
    at = urlsplit(supplier.base)
    idle = [socket.create_connection((at.hostname, at.port or 0), timeout=10) for _ in range(64)]
    try:
        with ThreadPoolExecutor(64) as pool:
            answers = list(pool.map(lambda c: caller.place(c, "TOPUP-1", target=TARGET), codes))
    finally:
        for line in idle:
            line.close()
    assert {answer.status for answer in answers} == {201}
    until(lambda: {g["external_id"] for g in supplier.grants()} >= set(codes))


@pytest.mark.parametrize("path", ["/truth", "/control/faults"])
def test_inner_addresses_need_loopback(localpay: Simulator, path: str) -> None:
    at = urlsplit(localpay.url)
    line = http.client.HTTPConnection(at.hostname or "", at.port, timeout=10)
    method = "GET" if path == "/truth" else "POST"
    kind = {"Content-Type": "application/json"}
    line.request(method, path, b"{}", {**kind, "Host": "gateway.example"})
    assert line.getresponse().status == 403


def test_a_form_cannot_control(localpay: Simulator) -> None:
    at = urlsplit(localpay.url)
    line = http.client.HTTPConnection(at.hostname or "", at.port, timeout=10)
    line.request("POST", "/control/clear_faults", b"{}", {"Content-Type": "text/plain"})
    assert line.getresponse().status == 400


def test_from_outside_only_the_pages(localpay: Simulator) -> None:
    """A caller with another address than our own sees the pages, and no truth."""
    for path, status in (("/keys", 200), ("/truth", 403)):
        line = http.client.HTTPConnection(
            "127.0.0.1", localpay.port, timeout=10, source_address=("127.0.0.2", 0)
        )
        line.request("GET", path)
        assert line.getresponse().status == status
        line.close()


def test_rubbish_does_not_stop_it(merchant: Merchant) -> None:
    at = urlsplit(merchant.base)
    noises = (
        b"\x00\xff\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/query",
    )
    for noise in (*noises, os.urandom(2048)):
        with socket.create_connection((at.hostname, at.port or 0), timeout=5) as line:
            line.sendall(noise)
    assert merchant.query(number()).code == "PAYMENT_NOT_EXIST"
