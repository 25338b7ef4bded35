"""The buyer's page over real HTTP: what it takes, what it refuses, where it sends the browser."""

import http.client
import re
import time
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from simulators import clock
from simulators.client import ScriptError
from simulators.localpay import signing
from simulators.localpay.merchant import Merchant
from simulators.localpay.script import Gateway
from tests.simulators.conftest import private_key
from tests.simulators.numbers import number, until
from tests.simulators.receiver import Receiver


@dataclass
class Page:
    status: int
    text: str
    location: str

    def hidden(self) -> dict[str, str]:
        pairs = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', self.text)
        return {name: unescape(value) for name, value in pairs}


def fetch(url: str, form: dict[str, str] | None = None) -> Page:
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    body = urlencode(form) if form is not None else None
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    line.request("POST" if form is not None else "GET", f"{parts.path}?{parts.query}", body, kind)
    answer = line.getresponse()
    page = Page(answer.status, answer.read().decode(), answer.getheader("Location") or "")
    line.close()
    return page


def press(merchant: Merchant, page: Page, button: str) -> Page:
    return fetch(f"{merchant.base}/pay/act", {**page.hidden(), "action": button})


def test_pays_and_sends_the_browser_back(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    code = number()
    page = fetch(merchant.link(code, notify_url=receiver.url))
    assert page.status == 200
    assert "98.50" in page.text
    assert "QUANYI" in page.text
    assert "京东E卡 100元 &amp; more=1" in page.text
    assert "<script" not in page.text
    assert gateway.truth(number=code)["payments"][0]["status"] == "WAITING"
    done = press(merchant, page, "pay")
    assert done.status == 303
    back = dict(parse_qsl(urlsplit(done.location).query))
    assert (back.pop("order"), back.pop("b"), back.pop("hint")) == ("1", "2", "paid")
    assert signing.verified(private_key("gateway").public_key(), back)
    assert (back["number"], back["status"], back["service"]) == (code, "SUCCESS", "pay.return")
    receiver.await_count(1)
    payment = gateway.truth(number=code)["payments"][0]
    assert (payment["status"], payment["amount_minor"], payment["fee_minor"]) == (
        "SUCCESS",
        9850,
        59,
    )


def test_paying_twice_moves_money_once(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    code = number()
    page = fetch(merchant.link(code, notify_url=receiver.url))
    first, second = press(merchant, page, "pay"), press(merchant, page, "pay")
    assert first.status == second.status == 303
    truth = gateway.truth(number=code)
    assert len(truth["payments"]) == len(truth["notices"]) == 1
    again = fetch(merchant.link(code, notify_url=receiver.url))
    assert "已支付" in again.text


def test_cancel_changes_nothing(gateway: Gateway, merchant: Merchant, receiver: Receiver) -> None:
    code = number()
    page = fetch(merchant.link(code, notify_url=receiver.url))
    back = press(merchant, page, "cancel")
    assert "hint=cancelled" in back.location
    assert gateway.truth(number=code)["payments"][0]["status"] == "WAITING"
    assert press(merchant, page, "pay").status == 303


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount_minor": "0"}, "BAD_REQUEST"),
        ({"amount_minor": "98.50"}, "BAD_REQUEST"),
        ({"amount_minor": "-1"}, "BAD_REQUEST"),
        ({"currency": "cny"}, "BAD_REQUEST"),
        ({"number": "small"}, "BAD_REQUEST"),
        ({"return_url": "javascript:alert(1)"}, "BAD_REQUEST"),
        ({"notify_url": "ftp://x/"}, "BAD_REQUEST"),
        ({"expires_at": "2026-01-01T00:00:00"}, "BAD_REQUEST"),
        ({"service": "pay.query"}, "BAD_REQUEST"),
        ({"surprise": "1"}, "BAD_REQUEST"),
        ({"merchant_id": "nobody"}, "UNKNOWN_MERCHANT"),
        ({"timestamp": "99999999999"}, "STALE"),
    ],
    ids=str,
)
def test_refuses_a_wrong_link(
    gateway: Gateway, merchant: Merchant, receiver: Receiver, change: dict[str, str], code: str
) -> None:
    page = fetch(merchant.link(number(), **{"notify_url": receiver.url, **change}))
    assert page.status in (400, 401)
    assert code in page.text
    assert page.hidden() == {}


def test_refuses_a_changed_link(merchant: Merchant, receiver: Receiver) -> None:
    link = merchant.link(number(), notify_url=receiver.url)
    page = fetch(link.replace("amount_minor=9850", "amount_minor=1"))
    assert (page.status, "BAD_SIGNATURE" in page.text) == (401, True)
    twice = fetch(link + "&amount_minor=1")
    assert twice.status == 400


def test_a_number_has_one_amount(merchant: Merchant, receiver: Receiver) -> None:
    code = number()
    assert fetch(merchant.link(code, notify_url=receiver.url)).status == 200
    other = fetch(merchant.link(code, notify_url=receiver.url, amount_minor="9851"))
    assert (other.status, "NUMBER_CONFLICT" in other.text) == (409, True)


def test_expired_takes_only_late_money(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    code = number()
    link = merchant.link(code, notify_url=receiver.url, expires_at=clock.text(time.time() - 5))
    page = fetch(link)
    assert "支付已超时" in page.text
    assert 'value="pay"' not in page.text
    assert press(merchant, page, "pay").status == 409
    with pytest.raises(ScriptError, match="PAYMENT_EXPIRED"):
        gateway.pay(code)
    assert "hint=paid" in press(merchant, page, "late").location
    assert receiver.await_count(1)


def test_late_money_waits_for_expiry_and_survives_a_close(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    code = number()
    link = merchant.link(code, notify_url=receiver.url, expires_at=clock.text(time.time() + 2))
    page = fetch(link)
    assert "hint=late" in press(merchant, page, "late").location
    assert merchant.close(code).fields["status"] == "CLOSED"
    assert receiver.got == []
    receiver.await_count(1)
    payment = gateway.truth(number=code)["payments"][0]
    assert payment["status"] == "SUCCESS"
    assert payment["paid_at"] > payment["expires_at"]


def test_the_token_of_another_page_is_worth_nothing(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    mine = fetch(merchant.link(number(), notify_url=receiver.url))
    code = number()
    fetch(merchant.link(code, notify_url=receiver.url))
    form = {**mine.hidden(), "number": code, "action": "pay"}
    assert fetch(f"{merchant.base}/pay/act", form).status == 404
    assert gateway.truth(number=code)["payments"][0]["status"] == "WAITING"


def test_closed_unseen_cannot_be_paid(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    code = number()
    assert merchant.close(code).fields["status"] == "CLOSED"
    page = fetch(merchant.link(code, notify_url=receiver.url))
    assert "商户已关闭" in page.text
    assert press(merchant, page, "pay").status == 409
    until(lambda: gateway.truth(number=code)["payments"][0]["amount_minor"] == 9850)
