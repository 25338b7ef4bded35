"""Mandates of the gateway: signed on its page, charged once by number, refused for its own reasons."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from simulators.localpay.merchant import Merchant
from simulators.localpay.script import Gateway
from tests.simulators.numbers import number, until
from tests.simulators.receiver import Receiver


@pytest.fixture
def mandate(gateway: Gateway, merchant: Merchant, receiver: Receiver) -> str:
    code = number()
    gateway.sign(code, url=merchant.mandate_link(code, notify_url=receiver.url))
    return code


def test_a_mandate_is_signed_asked_about_and_ended(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    code = number()
    assert merchant.mandate_query(code).code == "MANDATE_NOT_EXIST"
    gateway.open_mandate(merchant.mandate_link(code, notify_url=receiver.url))
    assert merchant.mandate_query(code).fields["status"] == "PENDING"
    gateway.sign(code)
    answer = merchant.mandate_query(code)
    assert (answer.fields["status"], answer.fields["limit_minor"]) == ("SIGNED", "1990")
    assert answer.genuine
    assert merchant.mandate_end(code).fields["status"] == "ENDED"
    assert merchant.mandate_end(code).fields["status"] == "ENDED"
    assert merchant.mandate_query(code).fields["status"] == "ENDED"


def test_a_number_that_was_ended_unseen_cannot_be_signed(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    code = number()
    assert merchant.mandate_end(code).code == "OK"
    gateway.open_mandate(merchant.mandate_link(code, notify_url=receiver.url))
    assert gateway.send("POST", "/control/sign", {"number": code})[0] == 409


def test_a_refused_mandate_takes_nothing(
    gateway: Gateway, merchant: Merchant, receiver: Receiver
) -> None:
    code, charge = number(), number()
    gateway.open_mandate(merchant.mandate_link(code, notify_url=receiver.url))
    gateway.refuse(code)
    answer = merchant.charge(charge, code, notify_url=receiver.url)
    assert (answer.code, answer.fields["status"]) == ("MANDATE_NOT_SIGNED", "CLOSED")


def test_a_charge_has_its_effect_once(
    gateway: Gateway, merchant: Merchant, receiver: Receiver, mandate: str
) -> None:
    code = number()
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: merchant.charge(code, mandate, notify_url=receiver.url), range(16))
        )
    assert {answer.fields["status"] for answer in answers} == {"SUCCESS"}
    assert len({answer.fields["txn"] for answer in answers}) == 1
    truth = gateway.truth(number=code)
    assert [row["amount_minor"] for row in truth["payments"]] == [1990]
    assert [row["mandate"] for row in truth["charges"]] == [mandate]
    assert merchant.charge(code, mandate, 1989, notify_url=receiver.url).code == "NUMBER_CONFLICT"
    until(lambda: len(gateway.truth(number=code)["notices"]) == 1)
    assert merchant.query(code).fields["status"] == "SUCCESS"
    day = truth["notices"][0]["fields"]["paid_at"][:10]
    assert code in merchant.bill(day).body.decode()
    assert merchant.refund(code, number(), 1990).fields["status"] == "SUCCESS"


@pytest.mark.parametrize("why", ["LIMIT_EXCEEDED", "INSUFFICIENT_FUNDS", "MANDATE_ENDED"])
def test_a_charge_that_fails_uses_its_number_up(
    gateway: Gateway, merchant: Merchant, receiver: Receiver, mandate: str, why: str
) -> None:
    code, amount = number(), 1991 if why == "LIMIT_EXCEEDED" else 1990
    if why == "INSUFFICIENT_FUNDS":
        gateway.fault("insufficient_funds", op="charge", match={"number": code}, times=1)
    if why == "MANDATE_ENDED":
        gateway.revoke(mandate)
    for _ in range(2):
        assert merchant.charge(code, mandate, amount, notify_url=receiver.url).code == why
    answer = merchant.query(code)
    assert (answer.fields["status"], answer.fields["failure"]) == ("CLOSED", why)
    assert gateway.truth(number=code)["notices"] == []


@pytest.mark.parametrize(("fault", "ends"), [("async", "SUCCESS"), ("async_fail", "CLOSED")])
def test_a_charge_may_take_its_time(
    gateway: Gateway, merchant: Merchant, receiver: Receiver, mandate: str, fault: str, ends: str
) -> None:
    code = number()
    gateway.fault(fault, op="charge", match={"number": code}, seconds=0.2)
    first = merchant.charge(code, mandate, notify_url=receiver.url)
    assert (first.code, first.fields["status"]) == ("OK", "WAITING")
    until(lambda: merchant.query(code).fields["status"] == ends)
    until(lambda: [n["status"] for n in gateway.truth(number=code)["notices"]] == [ends])


def test_what_the_merchant_closed_is_not_taken_later(
    gateway: Gateway, merchant: Merchant, receiver: Receiver, mandate: str
) -> None:
    code = number()
    gateway.fault("async", op="charge", match={"number": code}, seconds=0.2)
    merchant.charge(code, mandate, notify_url=receiver.url)
    assert merchant.close(code).fields["status"] == "CLOSED"
    until(lambda: gateway.truth(number=code)["charges"][0]["due_at"] is None)
    assert merchant.query(code).fields["status"] == "CLOSED"


def test_no_answer_and_yet_it_was_done(
    gateway: Gateway, merchant: Merchant, receiver: Receiver, mandate: str
) -> None:
    code = number()
    gateway.fault("drop_after", op="charge", match={"number": code}, times=1)
    with pytest.raises(OSError):  # noqa: PT011  whatever the line says
        merchant.charge(code, mandate, notify_url=receiver.url)
    assert merchant.query(code).fields["status"] == "SUCCESS"
    assert merchant.charge(code, mandate, notify_url=receiver.url).fields["status"] == "SUCCESS"
    assert len(gateway.truth(number=code)["payments"]) == 1
