"""The till API over real HTTP, through the client that is shipped with it."""

import json
import runpy
import secrets
import socketserver
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections

from core import clock
from core.tx import step
from fulfillment.models import Redemption, RefusedScan, Store, TillKey, TillNonce
from fulfillment.queries.scanning import WRONG_BY_ACTOR
from fulfillment.services.redeeming.admit_till import Signed, forget_nonces, signed_text
from fulfillment.services.redeeming.make_till import end_till, make_till
from fulfillment.vouchers.codes import new_code
from tests.factories.redemption import make_store, make_voucher_sku, sell_voucher

pytestmark = pytest.mark.usefixtures("committed")
CLIENT = Path(__file__).resolve().parents[3] / "docs" / "clients" / "till.py"
client: dict[str, Any] = runpy.run_path(str(CLIENT))


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Nothing on the terminal."""


def _served(environ: dict[str, Any], start: Any) -> Any:
    try:
        yield from get_wsgi_application()(environ, start)
    finally:
        connections.close_all()


@pytest.fixture
def address() -> Iterator[str]:
    with make_server("127.0.0.1", 0, _served, _Server, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def store() -> Store:
    return make_store()


@pytest.fixture
def till(address: str, store: Store) -> Any:
    made = make_till(
        store=store.public_id, name="Till 1", addresses="", by="user:usr_T", now=clock.now()
    )
    return client["Till"](address, made.key, made.secret)


def test_a_day_at_the_till(till: Any, store: Store) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=5, share_minor=800))
    status, seen = till.peek(f"QY:{sold.code}")
    assert (status, seen["uses_left"], seen["title"]) == (200, 5, seen["title"])
    status, done = till.redeem(sold.code, uses=2)
    assert (status, done["uses_left"], done["replayed"], done["store_en"]) == (
        200, 3, False, store.name_en,
    )  # fmt: skip
    status, back = till.undo(done["redemption"], reason="wrong size")
    assert (status, back["uses_left"]) == (200, 5)
    status, told = till.undo(done["redemption"])
    assert (status, told["reason"]) == (409, "already_undone")
    assert told["sentence"]["zh"].endswith("。")
    status, listed = till.history(limit=1)
    assert (status, listed["items"][0]["kind"], listed["items"][0]["undo_of"]) == (
        200, "undo", done["redemption"],
    )  # fmt: skip
    status, rest = till.history(before=listed["next"])
    assert [row["kind"] for row in rest["items"]] == ["use"]
    assert (rest["items"][0]["share_minor"], rest["next"]) == (1_600, None)
    assert sold.code[:7] not in json.dumps([listed, rest])


def test_a_scan_sent_again_counts_once(till: Any, store: Store) -> None:
    sold = sell_voucher(make_voucher_sku(store, uses=5))
    answers = [till.redeem(sold.code, nonce="scan-00000001") for _ in range(3)]
    assert [status for status, _ in answers] == [200] * 3
    assert len({answer["redemption"] for _, answer in answers}) == 1
    assert [answer["replayed"] for _, answer in answers] == [False, True, True]
    assert Redemption.objects.count() == 1


def test_an_answer_lost_on_the_way_is_asked_for_again(till: Any, store: Store) -> None:
    sold, once = sell_voucher(make_voucher_sku(store, uses=5)), till._once
    lost = iter([True, True, False])

    def drop(*asked: Any) -> Any:
        answer = once(*asked)
        if next(lost):
            raise TimeoutError
        return answer

    till._once = drop
    status, done = till.redeem(sold.code)
    assert (status, done["replayed"], done["uses_left"]) == (200, True, 4)
    assert Redemption.objects.count() == 1


def test_a_client_with_a_wrong_clock_learns_the_time(
    till: Any, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold, real = sell_voucher(make_voucher_sku(store)), time.time
    monkeypatch.setattr(time, "time", lambda: real() - 7200)
    assert till.redeem(sold.code)[0] == 200


def test_refusals_are_told_by_status_reason_and_sentence(till: Any, store: Store) -> None:
    elsewhere = sell_voucher(make_voucher_sku(make_store()))
    status, told = till.redeem(elsewhere.code)
    assert (status, told["error"], told["reason"]) == (409, "refused", "wrong_merchant")
    for _ in range(WRONG_BY_ACTOR):
        assert till.peek(new_code())[1]["reason"] == "unknown_code"
    assert till.peek(new_code()) == till.peek(new_code())
    status, told = till.peek(new_code())
    assert (status, told["reason"]) == (429, "limited")
    assert RefusedScan.objects.filter(actor=till.key).count() == WRONG_BY_ACTOR + 1


# --- what is not signed, not fresh, not new, or not from here ------------------------------------


def send(till: Any, **changes: Any) -> tuple[int, Any]:
    """A signed history request with something about it changed after, or before, it was signed."""
    headers = {
        "X-Till-Key": till.key, "X-Till-Timestamp": str(int(time.time())),
        "X-Till-Nonce": secrets.token_urlsafe(16), **changes.pop("signed", {}),
    }  # fmt: skip
    text = signed_text(
        Signed(
            key=headers["X-Till-Key"], timestamp=headers["X-Till-Timestamp"],
            nonce=headers["X-Till-Nonce"], signature="", method="GET",
            path="/api/till/v1/history", query=[("limit", "5")], body=b"", ip="",
        )
    )  # fmt: skip
    headers["X-Till-Signature"] = client["hmac"].new(till.secret, text, "sha256").hexdigest()
    headers.update(changes.pop("after", {}))
    url = f"{till.base}/api/till/v1/history?limit={changes.pop('limit', '5')}"
    request = urllib.request.Request(url, headers={k: v for k, v in headers.items() if v})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


CHANGES: tuple[dict[str, Any], ...] = (
    {"after": {"X-Till-Signature": "0" * 64}},
    {"after": {"X-Till-Signature": ""}},
    {"after": {"X-Till-Signature": "é"}},
    {"after": {"X-Till-Nonce": "another-nonce-000"}},
    {"after": {"X-Till-Timestamp": "1"}},
    {"after": {"X-Till-Key": "tky_0000000000000000"}},
    {"after": {"X-Till-Key": ""}},
    {"limit": "6"},
    {"signed": {"X-Till-Nonce": "short"}},
    {"signed": {"X-Till-Timestamp": "soon"}},
)


def test_strangers_are_told_nothing(till: Any) -> None:
    assert send(till)[0] == 200
    for change in CHANGES:
        assert send(till, **{name: dict(v) if isinstance(v, dict) else v
                             for name, v in change.items()}) == (401, {"error": "unauthorized"})  # fmt: skip
    assert TillNonce.objects.count() == 1


def test_old_and_early_requests_are_refused(till: Any) -> None:
    for seconds in (-75, 75):
        stamp = str(int(time.time()) + seconds)
        status, told = send(till, signed={"X-Till-Timestamp": stamp})
        assert (status, told["error"]) == (401, "clock")


def test_a_request_is_accepted_once(till: Any) -> None:
    again = {"signed": {"X-Till-Nonce": "0123456789abcdef"}}
    assert send(till, **again)[0] == 200
    assert send(till, **again) == (409, {"error": "replayed"})


def test_one_request_sent_many_times_at_once_is_accepted_once(till: Any) -> None:
    stamp, heard = str(int(time.time())), []
    same = {"X-Till-Nonce": "0123456789abcdef", "X-Till-Timestamp": stamp}

    def go() -> None:
        heard.append(send(till, signed=dict(same))[0])

    threads = [threading.Thread(target=go) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(heard) == [200] + [409] * 11


def test_only_from_its_addresses(till: Any) -> None:
    TillKey.objects.update(addresses="192.0.2.0/24")
    assert send(till) == (403, {"error": "address"})
    TillKey.objects.update(addresses="192.0.2.0/24\n127.0.0.0/8")
    assert send(till)[0] == 200


def test_an_ended_key_opens_nothing(till: Any) -> None:
    assert end_till(key=till.key, by="user:usr_T", now=clock.now())
    assert not end_till(key=till.key, by="user:usr_T", now=clock.now())
    assert send(till) == (401, {"error": "unauthorized"})


def test_a_closed_store_is_told(till: Any, store: Store) -> None:
    sold = sell_voucher(make_voucher_sku(store))
    Store.objects.update(is_active=False)
    status, told = till.redeem(sold.code)
    assert (status, told["reason"]) == (403, "store_off")


BAD: tuple[tuple[str, Any], ...] = (
    ("/redeem", {"code": "x"}),
    ("/redeem", {"code": "x", "nonce": "short"}),
    ("/redeem", {"code": "x", "nonce": "n" * 16, "uses": 0}),
    ("/redeem", {"code": "x", "nonce": "n" * 16, "uses": 1.5}),
    ("/redeem", {"code": "x", "nonce": "n" * 16, "uses": True}),
    ("/redeem", {"code": "x", "nonce": "n" * 16, "amount_minor": -1}),
    ("/redeem", {"code": "x", "nonce": "n" * 16, "uses": 10**9}),
    ("/redeem", {"code": "x", "nonce": "n" * 16, "store": "another"}),
    ("/redeem", {"code": "x" * 101, "nonce": "n" * 16}),
    ("/undo", {"redemption": "rdm_", "nonce": "n" * 16}),
    ("/peek", ["a list"]),
)


def test_bad_bodies_change_nothing_and_are_not_echoed(till: Any) -> None:
    for path, body in BAD:
        status, told = till._send("POST", path, body)
        assert (status, told["error"]) == (400, "invalid")
        assert "xxxxx" not in json.dumps(told)
    assert Redemption.objects.count() == 0


def test_a_body_beyond_the_limit_is_not_read(till: Any) -> None:
    body = {"code": "x", "nonce": "n" * 16, "uses": 1, "pad": "x" * 5000}
    assert till._send("POST", "/redeem", body)[0] == 401


def test_it_describes_itself(address: str) -> None:
    with urllib.request.urlopen(f"{address}/api/till/v1/openapi.json", timeout=10) as answer:
        told = json.load(answer)
    assert set(told["paths"]) == {
        f"/api/till/v1/{name}" for name in ("peek", "redeem", "undo", "history")
    }
    (scheme,) = told["components"]["securitySchemes"].values()
    assert (scheme["in"], scheme["name"]) == ("header", "X-Till-Signature")


def test_the_clients_command_line(
    till: Any, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    sold = sell_voucher(make_voucher_sku(store))
    run: Callable[[list[str]], int] = client["main"]
    key = ["--url", till.base, "--key", till.key, "--secret", till.secret.decode()]
    assert run([*key, "redeem", sold.code]) == 0
    assert json.loads(capsys.readouterr().out)["uses_left"] == 0
    assert run([*key, "--language", "en", "redeem", sold.code]) == 1
    assert "used up" in capsys.readouterr().err
    assert run([*key, "history"]) == 0
    assert run(["--url", "http://127.0.0.1:9", "--key", "k", "--secret", "s", "history"]) == 2


def test_nonces_are_forgotten_when_they_can_do_no_harm(till: Any) -> None:
    send(till)
    now = clock.now()
    assert forget_nonces(now=now) == 0
    with step():
        TillNonce.objects.update(at=now - timedelta(minutes=11))
    assert forget_nonces(now=now) == 1
