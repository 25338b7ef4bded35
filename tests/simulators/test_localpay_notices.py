"""Notices as the merchant gets them: true ones, repeated ones, and those nobody may believe."""

import threading
import time
from urllib.parse import parse_qsl

import pytest

from simulators.localpay import forging, signing
from simulators.localpay.merchant import Merchant
from simulators.localpay.script import Gateway, Notice
from simulators.server import Answer, Request, text_answer
from tests.simulators.conftest import private_key
from tests.simulators.numbers import number
from tests.simulators.receiver import Receiver

KEY = private_key("gateway").public_key()
KEY_ID = signing.key_id_of(KEY)


def verdict(body: bytes, expected: dict[str, str]) -> str:  # noqa: PLR0911
    """A careful merchant's reading: empty when the notice holds, else the reason."""
    if len(body) > 64 * 1024:
        return "size"
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        return "charset"
    fields = dict(pairs)
    if len(fields) != len(pairs):
        return "twice"
    if fields.get("key_id") != KEY_ID:
        return "key"
    if not signing.verified(KEY, fields):
        return "signature"
    if abs(time.time() - int(fields["timestamp"])) > 300:
        return "time"
    return next((name for name, value in expected.items() if fields.get(name) != value), "")


def expected(code: str) -> dict[str, str]:
    values = {"service": "payment.notice", "merchant_id": "QUANYI", "number": code}
    return {**values, "amount_minor": "9850", "currency": "CNY", "status": "SUCCESS"}


def test_is_signed_and_complete(gateway: Gateway, merchant: Merchant, receiver: Receiver) -> None:
    code = number()
    paid = gateway.pay(code, url=merchant.link(code, notify_url=receiver.url))
    assert paid["notified"] is True
    (request,) = receiver.got
    assert verdict(request.body, expected(code)) == ""
    fields = request.form()
    assert fields["txn"] == paid["txn"]
    assert fields["paid_at"] == paid["paid_at"]


def test_is_repeated_until_the_exact_word(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    answers = iter(
        [
            text_answer("SUCCESS"),
            text_answer("success", 201),
            Answer(302, b"", {"Location": receiver.url}),
            text_answer("success"),
        ]
    )
    receiver.reply = lambda _: next(answers)
    code = number()
    gateway.pay(code, url=merchant.link(code, notify_url=receiver.url))
    got = [request.form() for request in receiver.await_count(4)]
    assert len({fields["notice_id"] for fields in got}) == 1
    assert len({fields["nonce"] for fields in got}) == 4
    assert all(verdict(request.body, expected(code)) == "" for request in receiver.got)
    time.sleep(0.3)
    assert len(receiver.got) == 4
    notice = gateway.truth(number=code)["notices"][0]
    assert (notice["tries"], notice["acked_at"] is not None) == (4, True)


def test_waits_no_longer_than_it_says(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    answer_now, answered = threading.Event(), threading.Event()

    def slow(_: Request) -> Answer:
        answer_now.wait(20)
        answered.set()
        return text_answer("success")

    receiver.reply = slow
    code = number()
    assert gateway.pay(code, url=merchant.link(code, notify_url=receiver.url), wait=0)["ok"]
    assert not answered.is_set(), "paying must not wait for the merchant"
    answer_now.set()
    receiver.await_count(1)


def test_copies_arrive_together(gateway: Gateway, merchant: Merchant, receiver: Receiver) -> None:
    gateway.fault("duplicate", op="notice", copies=50, concurrency=16)
    code = number()
    gateway.pay(code, url=merchant.link(code, notify_url=receiver.url))
    got = receiver.await_count(50)
    assert len({request.body for request in got}) == 1
    assert gateway.renotify(code, copies=50, concurrency=16)["acked"] == 50


def test_none_and_late(gateway: Gateway, merchant: Merchant, receiver: Receiver) -> None:
    silent, late = number(), number()
    start = time.monotonic()
    gateway.fault("none", op="notice", match={"number": silent})
    gateway.fault("late", op="notice", match={"number": late}, seconds=0.5)
    for code in (silent, late):
        gateway.pay(code, url=merchant.link(code, notify_url=receiver.url), wait=0)
    assert receiver.await_count(1)[0].form()["number"] == late
    assert time.monotonic() - start >= 0.5
    assert merchant.query(silent).fields["status"] == "SUCCESS"


def test_reordered(gateway: Gateway, merchant: Merchant, receiver: Receiver) -> None:
    code = number()
    gateway.fault("reorder", op="notice", match={"number": code})
    gateway.pay(code, url=merchant.link(code, notify_url=receiver.url))
    statuses = [request.form()["status"] for request in receiver.await_count(2)]
    assert statuses == ["CLOSED", "SUCCESS"]


REASONS = {
    "bad_signature": "signature",
    "no_signature": "signature",
    "other_key": "key",
    "stolen_key_id": "signature",
    "sha1": "signature",
    "sign_type": "signature",
    "other_merchant": "merchant_id",
    "other_order": "number",
    "other_amount": "amount_minor",
    "other_currency": "currency",
    "old": "time",
    "future": "time",
    "malformed": None,
    "huge": "size",
    "not_utf8": None,
    "duplicate_fields": "twice",
}


@pytest.mark.parametrize("kind", forging.KINDS)
def test_a_forgery_fails_for_its_own_reason(
    gateway: Gateway, merchant: Merchant, receiver: Receiver, kind: str
) -> None:
    code = number()
    gateway.open(merchant.link(code, notify_url=receiver.url))
    genuine = gateway.notice(code)
    assert verdict(genuine.body, expected(code)) == ""
    reason = verdict(gateway.notice(code, forge=kind).body, expected(code))
    assert reason == REASONS[kind] if REASONS[kind] else reason


def test_forgeries_come_before_the_true_one(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    code = number()
    gateway.fault("forged", op="notice", match={"number": code}, kinds=["sha1", "other_amount"])
    gateway.pay(code, url=merchant.link(code, notify_url=receiver.url))
    got = [verdict(request.body, expected(code)) for request in receiver.await_count(3)]
    assert got == ["signature", "amount_minor", ""]


def test_a_built_notice_can_be_changed_and_posted(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    code = number()
    gateway.open(merchant.link(code, notify_url=receiver.url))
    made: Notice = gateway.notice(code, amount_minor=1, status="CLOSED")
    assert made.post().status == 200
    fields = receiver.got[0].form()
    assert (fields["amount_minor"], fields["status"]) == ("1", "CLOSED")
    assert signing.verified(KEY, fields)


def test_a_payment_is_paid_though_nobody_listens(gateway: Gateway, merchant: Merchant) -> None:
    code = number()
    link = merchant.link(code, notify_url="http://127.0.0.1:9/nobody")
    assert gateway.pay(code, url=link)["notified"] is False
    assert merchant.query(code).fields["status"] == "SUCCESS"
