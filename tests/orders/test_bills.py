"""A provider's daily bill is taken in once, signed, line by line; it comes by itself."""

from datetime import timedelta

import pytest

from core import clock
from core.models import Comparison, Statement, StatementLine
from core.reconciliation import runs
from core.reconciliation.runs import READY_HOUR, reconcile_due, refresh_statement, take_statement
from core.reconciliation.values import DAY, ZONE, Unavailable, day_of
from orders.payments.localpay import bill
from orders.services.start_payment import start_payment
from simulators.localpay.script import Gateway
from tests.factories.orders import make_order, payment_of, stocked

pytestmark = pytest.mark.django_db
PARTY = "gateway:localpay"


def paid_number(gateway: Gateway) -> str:
    order = make_order(stocked(1))
    url = start_payment(order=order.public_id, provider="localpay", now=clock.now(), acting="guest")
    number = payment_of(order).number
    gateway.control("fault", op="notice", fault="none", times=None)
    gateway.pay(number, url=url, wait=0)
    return number


def fetch() -> Statement | None:
    now = clock.now()
    return refresh_statement(name="gateway", party=PARTY, day=day_of(now), now=now)


def test_its_lines_are_kept_with_amount_and_fee(gateway: Gateway) -> None:
    number = paid_number(gateway)
    statement = fetch()
    line = StatementLine.objects.get(statement=statement, number=number)
    said = (line.kind, line.amount_minor, line.fee_minor, line.currency)
    assert said == ("payment", 9850, 59, "CNY")


def test_the_same_file_is_taken_in_once(gateway: Gateway) -> None:
    paid_number(gateway)
    first = fetch()
    lines = StatementLine.objects.count()
    assert fetch() == first
    assert (Statement.objects.count(), StatementLine.objects.count()) == (1, lines)


def test_a_later_file_of_the_day_takes_the_place_of_the_first(gateway: Gateway) -> None:
    paid_number(gateway)
    first = fetch()
    paid_number(gateway)
    second = fetch()
    assert Statement.objects.filter(current=True).get() == second != first


def test_a_bill_in_gbk_is_read(gateway: Gateway) -> None:
    paid_number(gateway)
    gateway.control("bill_charset", charset="gbk")
    try:
        assert fetch() is not None
    finally:
        gateway.control("bill_charset", charset="utf-8")
    assert StatementLine.objects.filter(problem="").exists()


@pytest.mark.parametrize(
    "fault", ["bad_signature", "wrong_nonce", "half_body", "not_json", "empty"]
)
def test_a_bill_that_cannot_be_believed_is_not_kept(gateway: Gateway, fault: str) -> None:
    paid_number(gateway)
    gateway.control("fault", op="bill", fault=fault, times=1)
    assert fetch() is None
    assert not Statement.objects.exists()


HEADER = ",".join(bill.HEADER)
GOOD = "PAYMENT,P1,T1,,,100,CNY,2026-01-01T08:00:00+08:00,1"


@pytest.mark.parametrize(
    "line",
    [
        "GIFT,P1,T1,,,100,CNY,2026-01-01T08:00:00+08:00,1",
        "PAYMENT,P1,T1,,,1.00,CNY,2026-01-01T08:00:00+08:00,1",
        "PAYMENT,P1,T1,,,100,yuan,2026-01-01T08:00:00+08:00,1",
        "PAYMENT,P1,T1,,,100,CNY,yesterday,1",
        "PAYMENT,P1,T1,,,100,CNY,2026-01-01T08:00:00,1",
        "PAYMENT,P1,T1,,,100,CNY,2026-01-01T08:00:00+08:00",
        "PAYMENT,,,,,100,CNY,2026-01-01T08:00:00+08:00,1",
        'PAYMENT,"P1,T1,,,100,CNY,2026-01-01T08:00:00+08:00,1',
        "PAYMENT,P1\x00,T1,,,100,CNY,2026-01-01T08:00:00+08:00,1",
        "PAYMENT," + "9" * 5000,
        "",
    ],
)
def test_a_line_that_cannot_be_read_gets_a_verdict_and_spoils_nothing(line: str) -> None:
    fetched = bill.read(f"{HEADER}\r\n{GOOD}\r\n{line}\r\n{GOOD}\r\n".encode())
    assert (len(fetched.lines), [place for place, _why in fetched.rejected]) == (2, [2])


@pytest.mark.parametrize("raw", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00\x00", b"\x00" * 100])
def test_another_file_is_refused_as_a_whole(raw: bytes) -> None:
    with pytest.raises(Unavailable):
        bill.read(raw)


def test_an_uploaded_file_shows_its_bad_lines_as_differences(gateway: Gateway) -> None:
    day = day_of(clock.now()) - 2 * DAY
    raw = f"\ufeff{HEADER}\n{GOOD}\nGIFT,x\n".encode()
    statement, is_new = take_statement(
        name="gateway", party=PARTY, day=day, raw=raw, by="user:usr_X", now=clock.now()
    )
    assert (is_new, statement.line_count, statement.malformed_count) == (True, 2, 1)
    row = Comparison.objects.get(party=PARTY, day=day)
    assert set(row.differences.values_list("kind", flat=True)) == {"missing_ours", "malformed"}


@pytest.fixture
def _whole_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statements count as ready from midnight, so that the hour of the test does not matter."""
    monkeypatch.setattr(runs, "READY_HOUR", 0)


@pytest.mark.usefixtures("_whole_day")
def test_yesterdays_bill_comes_by_itself_and_not_twice(gateway: Gateway) -> None:
    now = clock.now()
    reconcile_due(now=now)
    row = Comparison.objects.get(name="gateway", day=day_of(now) - DAY)
    assert row.state == "matched"
    asked = gateway.truth()["requests"].get("bill.day", 0)
    reconcile_due(now=now + timedelta(minutes=1))
    assert gateway.truth()["requests"].get("bill.day", 0) == asked


@pytest.mark.usefixtures("_whole_day")
def test_a_provider_that_is_away_is_asked_twice_an_hour() -> None:
    now = clock.now().replace(minute=1)
    for minute in range(4):
        reconcile_due(now=now + timedelta(minutes=minute))
    row = Comparison.objects.get(name="gateway", day=day_of(now) - DAY)
    assert (row.state, row.runs) == ("missing", 2)
    assert not Statement.objects.exists()


def test_before_the_hour_yesterdays_bill_is_not_asked_for() -> None:
    early = clock.now().astimezone(ZONE).replace(hour=READY_HOUR - 1)
    reconcile_due(now=early)
    days = set(Comparison.objects.filter(name="gateway").values_list("day", flat=True))
    assert days == {day_of(early) - 2 * DAY}
