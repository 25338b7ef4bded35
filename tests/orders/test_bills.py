"""A provider's daily bill is taken in once, signed, line by line."""

import pytest
from django.utils.timezone import localdate

from core import clock
from orders.models import Bill, BillLine
from orders.payments.base import BillUnavailable
from orders.services.fetch_bill import fetch_bill, fetch_due_bills
from orders.services.start_payment import start_payment
from simulators.localpay.script import Gateway
from tests.factories.orders import make_order, payment_of, stocked

pytestmark = pytest.mark.django_db


def paid_number(gateway: Gateway) -> str:
    order = make_order(stocked(1))
    url = start_payment(order=order.public_id, provider="localpay", now=clock.now(), acting="guest")
    number = payment_of(order).number
    gateway.control("fault", op="notice", fault="none", times=None)
    gateway.pay(number, url=url, wait=0)
    return number


def test_its_lines_are_kept_with_amount_and_fee(gateway: Gateway) -> None:
    number = paid_number(gateway)
    bill = fetch_bill(provider="localpay", day=localdate(clock.now()), now=clock.now())
    line = BillLine.objects.get(bill=bill, number=number)
    assert (line.kind, line.amount_minor, line.fee_minor, line.currency) == (
        "payment",
        9850,
        59,
        "CNY",
    )


def test_the_same_file_is_taken_in_once(gateway: Gateway) -> None:
    paid_number(gateway)
    day = localdate(clock.now())
    first = fetch_bill(provider="localpay", day=day, now=clock.now())
    lines = BillLine.objects.count()
    assert fetch_bill(provider="localpay", day=day, now=clock.now()) == first
    assert BillLine.objects.count() == lines


def test_a_bill_in_gbk_is_read(gateway: Gateway) -> None:
    paid_number(gateway)
    gateway.control("bill_charset", charset="gbk")
    try:
        bill = fetch_bill(provider="localpay", day=localdate(clock.now()), now=clock.now())
    finally:
        gateway.control("bill_charset", charset="utf-8")
    assert bill.lines.exists()


@pytest.mark.parametrize(
    "fault", ["bad_signature", "wrong_nonce", "half_body", "not_json", "empty"]
)
def test_a_bill_that_cannot_be_believed_is_not_kept(gateway: Gateway, fault: str) -> None:
    paid_number(gateway)
    gateway.control("fault", op="bill", fault=fault, times=1)
    with pytest.raises(BillUnavailable):
        fetch_bill(provider="localpay", day=localdate(clock.now()), now=clock.now())
    assert not Bill.objects.exists()


def test_yesterdays_bill_is_fetched_by_itself_and_not_again(gateway: Gateway) -> None:
    assert fetch_due_bills(now=clock.now()) == 1
    assert fetch_due_bills(now=clock.now()) == 0


def test_a_provider_that_is_away_is_asked_twice_an_hour() -> None:
    for _ in range(4):
        assert fetch_due_bills(now=clock.now()) == 0
    assert not Bill.objects.exists()
