"""The merchant's calls: who may, what is idempotent, what is definite."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from simulators.localpay.gateway import fee_of
from simulators.localpay.merchant import Merchant
from simulators.localpay.script import Gateway, Signer
from simulators.localpay.signing import new_key, private_pem
from tests.simulators.numbers import number, until
from tests.simulators.receiver import Receiver


@pytest.fixture
def paid(gateway: Gateway, merchant: Merchant, receiver: Receiver) -> str:
    code = number()
    gateway.pay(code, url=merchant.link(code, notify_url=receiver.url))
    return code


def test_query_knows_three_states(
    gateway: Gateway, merchant: Merchant, receiver: Receiver, paid: str
) -> None:
    assert merchant.query(number()).code == "PAYMENT_NOT_EXIST"
    waiting = number()
    gateway.open(merchant.link(waiting, notify_url=receiver.url))
    assert merchant.query(waiting).fields["status"] == "WAITING"
    answer = merchant.query(paid)
    assert (answer.status, answer.code, answer.genuine) == (200, "OK", True)
    assert answer.fields["amount_minor"] == "9850"
    assert answer.fields["refunded_minor"] == "0"


def test_close_is_definite(
    gateway: Gateway, merchant: Merchant, receiver: Receiver, paid: str
) -> None:
    refused = merchant.close(paid)
    assert (refused.code, refused.fields["status"], refused.genuine) == (
        "PAYMENT_PAID",
        "SUCCESS",
        True,
    )
    code = number()
    gateway.open(merchant.link(code, notify_url=receiver.url))
    assert merchant.close(code).fields["status"] == "CLOSED"
    assert merchant.close(code).fields["status"] == "CLOSED"
    assert merchant.query(code).fields["status"] == "CLOSED"


def test_close_and_pay_cross(gateway: Gateway, merchant: Merchant) -> None:
    """Whoever wins, the answers agree with what happened."""
    for _ in range(20):
        code = number()
        gateway.open(merchant.link(code, notify_url="http://127.0.0.1:9/"))
        with ThreadPoolExecutor(2) as pool:
            pay = pool.submit(gateway.send, "POST", "/control/pay", {"number": code})
            close = pool.submit(merchant.close, code)
        taken = pay.result()[0] == 200
        assert close.result().code == ("PAYMENT_PAID" if taken else "OK")
        final = gateway.truth(number=code)["payments"][0]["status"]
        assert final == ("SUCCESS" if taken else "CLOSED")


def test_refund_once_per_number(gateway: Gateway, merchant: Merchant, paid: str) -> None:
    refund = number()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: merchant.refund(paid, refund, 5000), range(16)))
    assert {answer.fields["status"] for answer in answers} == {"SUCCESS"}
    assert len({answer.fields["refund_txn"] for answer in answers}) == 1
    truth = gateway.truth(number=paid)
    assert [row["amount_minor"] for row in truth["refunds"]] == [5000]
    assert merchant.query(paid).fields["refunded_minor"] == "5000"
    assert merchant.refund(paid, refund, 4999).code == "REFUND_CONFLICT"


def test_refunds_never_exceed_the_payment(gateway: Gateway, merchant: Merchant, paid: str) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: merchant.refund(paid, number(), 1000), range(24)))
    codes = [answer.code for answer in answers]
    assert codes.count("OK") == 9
    assert codes.count("REFUND_EXCEEDS") == 15
    assert sum(r["amount_minor"] for r in gateway.truth(number=paid)["refunds"]) == 9000


def test_refund_is_refused_by_listed_codes(
    gateway: Gateway, merchant: Merchant, receiver: Receiver, paid: str
) -> None:
    waiting = number()
    gateway.open(merchant.link(waiting, notify_url=receiver.url))
    assert merchant.refund(waiting, number(), 1).code == "PAYMENT_NOT_PAID"
    assert merchant.refund(number(), number(), 1).code == "PAYMENT_NOT_EXIST"
    assert merchant.refund(paid, number(), 1, currency="USD").code == "CURRENCY_MISMATCH"
    assert merchant.refund(paid, number(), 9851).code == "REFUND_EXCEEDS"
    assert merchant.refund(paid, number(), 0).status == 400
    assert merchant.refund_query(number()).code == "REFUND_NOT_EXIST"


def test_asynchronous_refunds(
    gateway: Gateway, merchant: Merchant, receiver: Receiver, paid: str
) -> None:
    good, bad = number(), number()
    # The first two end so late that whatever is asked meanwhile finds them under way.
    gateway.fault("async", op="refund", match={"refund_number": good}, seconds=2.0)
    gateway.fault("async_fail", op="refund", match={"refund_number": bad}, seconds=2.0)
    assert merchant.refund(paid, good, 9000).fields["status"] == "PROCESSING"
    assert merchant.refund(paid, bad, 850).fields["status"] == "PROCESSING"
    assert merchant.refund(paid, number(), 1).code == "REFUND_EXCEEDS"
    until(lambda: merchant.refund_query(good).fields["status"] == "SUCCESS")
    until(lambda: merchant.refund_query(bad).fields["status"] == "FAILED")
    assert merchant.refund(paid, bad, 850).fields["status"] == "FAILED"
    assert merchant.refund(paid, number(), 850).fields["status"] == "SUCCESS"
    statuses = [request.form()["status"] for request in receiver.await_count(4)]
    assert sorted(statuses[1:]) == ["REFUND_FAILED", "REFUND_SUCCESS", "REFUND_SUCCESS"]


def test_a_script_ends_a_refund(gateway: Gateway, merchant: Merchant, paid: str) -> None:
    refund = number()
    gateway.fault("async", op="refund", seconds=3600)
    merchant.refund(paid, refund, 100)
    gateway.finish_refund(refund, "FAILED")
    assert merchant.refund_query(refund).fields["status"] == "FAILED"


def test_a_request_works_once(merchant: Merchant, paid: str) -> None:
    nonce = secrets.token_urlsafe(16)
    fields = {"merchant_id": "QUANYI", "service": "pay.query", "number": paid, "nonce": nonce}
    body = urlencode(merchant.signer.signed(fields)).encode()
    assert merchant.send("query", body, nonce=nonce).code == "OK"
    again = merchant.send("query", body, nonce=nonce)
    assert (again.status, again.code) == (401, "REPLAYED")


def test_one_kind_of_message_is_no_other(merchant: Merchant, paid: str) -> None:
    """A query that was overheard cannot be sent as a refund or a close."""
    answer = merchant.call("close", "pay.query", number=paid)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("seconds", [-301, 301, -30 * 86400])
def test_stale_requests(merchant: Merchant, paid: str, seconds: int) -> None:
    stamp = str(int(time.time()) + seconds)
    answer = merchant.call("query", "pay.query", number=paid, timestamp=stamp)
    assert (answer.status, answer.code) == (401, "STALE")


def test_strangers(merchant: Merchant, paid: str) -> None:
    stranger = Merchant(
        merchant.base,
        signer=Signer(private_pem(new_key())),
        gateway_key=merchant._gateway_key,
    )
    assert stranger.query(paid).code == "UNKNOWN_KEY"
    stranger.signer.key_id = merchant.signer.key_id
    assert stranger.query(paid).code == "BAD_SIGNATURE"
    assert merchant.call("query", "pay.query", number=paid, merchant_id="no").code == (
        "UNKNOWN_MERCHANT"
    )


def test_merchants_do_not_see_each_other(merchant: Merchant, paid: str) -> None:
    other = Merchant(
        merchant.base,
        signer=merchant.signer,
        gateway_key=merchant._gateway_key,
        name="OTHER",
    )
    assert other.query(paid).code == "PAYMENT_NOT_EXIST"
    assert other.refund(paid, number(), 1).code == "PAYMENT_NOT_EXIST"


@pytest.mark.parametrize("body", [b"", b"a=1&a=2", b"\xff\xfe", b"a=%FF", b"x" * 70000, b"=&=&"])
def test_rubbish_is_refused(merchant: Merchant, body: bytes) -> None:
    assert merchant.send("query", body, nonce="n").status in (400, 413)


def test_the_clock_can_be_moved(gateway: Gateway, merchant: Merchant, paid: str) -> None:
    gateway.move_clock(3600)
    try:
        assert merchant.query(paid).code == "STALE"
        future = str(int(time.time()) + 3600)
        assert merchant.call("query", "pay.query", number=paid, timestamp=future).code == "OK"
    finally:
        gateway.move_clock(0)


def test_fee_is_rounded_half_up() -> None:
    assert [fee_of(amount, 60) for amount in (1, 83, 84, 9850, 10_000_000)] == [0, 0, 1, 59, 60000]
