"""A day of 5,000 lines with 50 planted differences: all found, none false, and each closed (B14)."""

import itertools
import time
from collections import Counter
from datetime import date

import pytest

from core import approvals, clock, invariants, ledger
from core.models import Comparison, Difference, Statement, StatementLine
from core.reconciliation.differences import (
    explain_difference,
    propose_correction,
    take_difference,
)
from core.reconciliation.runs import RUNS, reconcile, take_statement
from orders.models import Payment
from simulators.localpay.script import Gateway
from tests.factories.accounts import make_staff
from tests.factories.books import days_ago, take_over

pytestmark = pytest.mark.django_db
PARTY = "gateway:localpay"
# What the simulator calls its differences, and what we call them.
KINDS = {
    "missing": "missing_theirs", "extra": "missing_ours", "amount": "amount", "type": "state",
    "duplicate": "duplicate", "timing": "missing_theirs", "fee": "fee", "number": "number",
    "currency": "currency",
}  # fmt: skip
_turns = itertools.count(3)


@pytest.fixture
def day() -> date:
    """A day that no other test of this process has used at the gateway."""
    return days_ago(clock.now(), next(_turns) * 3)


def busy(gateway: Gateway, day: date, *, payments: int = 40, refunds: int = 10) -> str:
    prefix = f"D{day:%y%m%d}"
    gateway.control(
        "busy_day", day=day.isoformat(), payments=payments, refunds=refunds, prefix=prefix
    )
    return prefix


def compare(day: date) -> Comparison:
    return reconcile(name="gateway", party=PARTY, day=day, now=clock.now())


def planted_as_ours(planted: list[dict[str, str]]) -> Counter[tuple[str, str]]:
    """Each planted difference as (kind, number of the line as we would name it)."""
    found: Counter[tuple[str, str]] = Counter()
    for row in planted:
        _type, number, _txn, refund_number, _refund_txn = row["line_key"].split("|")
        named = row["extra"] or refund_number or number
        found[KINDS[row["kind"]], named] += 1
    return found


def found_by_us(comparison: Comparison) -> Counter[tuple[str, str]]:
    rows = comparison.differences.exclude(state="closed")
    return Counter(rows.values_list("kind", "number"))


def test_a_day_that_matches_says_so(gateway: Gateway, day: date) -> None:
    take_over(gateway, prefix=busy(gateway, day))
    row = compare(day)
    assert (row.state, row.theirs_count, row.ours_count, row.matched) == ("matched", 50, 50, 50)
    assert row.sums["CNY"]["theirs"] == row.sums["CNY"]["ours"]
    assert not row.differences.exists()
    fees = sum(StatementLine.objects.values_list("fee_minor", flat=True))
    assert ledger.balance("psp_fee") == fees > 0


def test_fifty_differences_of_seven_kinds_in_five_thousand_lines(
    gateway: Gateway, day: date
) -> None:
    prefix = busy(gateway, day, payments=4500, refunds=500)
    take_over(gateway, prefix=prefix)
    planted = gateway.bill_breaks(day.isoformat(), count=50, seed=11)
    assert len({row["kind"] for row in planted}) == 7
    began = time.monotonic()
    row = compare(day)
    seconds = time.monotonic() - began
    assert found_by_us(row) == planted_as_ours(planted)
    assert (row.state, row.found) == ("differs", 50)
    assert row.theirs_count in range(4990, 5015)
    assert seconds < 60

    before = list(Difference.objects.order_by("pk").values())
    again = compare(day)
    raw = RUNS.get("gateway").fetch(PARTY, day, now=clock.now()).raw
    kept = take_statement(
        name="gateway", party=PARTY, day=day, raw=raw, by="user:x", now=clock.now()
    )
    assert kept[1] is False
    assert (Statement.objects.count(), again.found) == (1, 50)
    assert list(Difference.objects.order_by("pk").values()) == before
    assert invariants.check_all(now=clock.now(), only="INV-B") == []


def test_each_planted_difference_is_closed_by_somebody(gateway: Gateway, day: date) -> None:
    take_over(gateway, prefix=busy(gateway, day, payments=60))
    gateway.bill_breaks(day.isoformat(), count=21, seed=5)
    row = compare(day)
    maker, checker = make_staff("finance").public_id, make_staff("finance").public_id
    run = RUNS.get("gateway")
    for case in row.differences.all():
        assert str(run.next_step(case))
        take_difference(difference=case.public_id, owner=maker, by=f"user:{maker}", now=clock.now())
        choices = run.corrections(case)
        if not choices:
            explain_difference(
                difference=case.public_id, reason="asked", by=f"user:{maker}", now=clock.now()
            )
            continue
        approval = propose_correction(
            difference=case.public_id, correction=choices[0], reason="as their console says",
            by=maker, now=clock.now(),
        )  # fmt: skip
        approvals.decide(approval_id=approval.public_id, by=checker, agree=True, now=clock.now())
    assert set(row.differences.values_list("state", flat=True)) == {"closed"}
    assert set(row.differences.values_list("closing", flat=True)) == {"explained", "corrected"} - (
        set() if row.differences.filter(closing="explained").exists() else {"explained"}
    )
    assert compare(day).differences.exclude(state="closed").count() == 0
    for family in ("INV-B", "INV-L1", "INV-L2", "INV-A1"):
        assert invariants.check_all(now=clock.now(), only=family) == []


def test_a_late_line_closes_its_difference_by_itself(gateway: Gateway, day: date) -> None:
    take_over(gateway, prefix=busy(gateway, day))
    gateway.bill_breaks(day.isoformat(), count=5, seed=2, kinds=["timing"])
    row = compare(day)
    assert (row.found, row.differences.filter(state="open").count()) == (5, 5)
    tomorrow = days_ago(clock.now(), (days_ago(clock.now(), 0) - day).days - 1)
    other = compare(tomorrow)
    assert (other.state, other.other_day) == ("matched", 5)
    row.refresh_from_db()
    assert (row.state, row.found) == ("matched", 0)
    ends = set(row.differences.values_list("state", "closing", "reason"))
    assert ends == {("closed", "healed", f"came in the statement of {tomorrow.isoformat()}")}


@pytest.mark.parametrize("kind", ["number", "currency"])
def test_rare_differences_are_found_too(gateway: Gateway, day: date, kind: str) -> None:
    take_over(gateway, prefix=busy(gateway, day, refunds=0))
    planted = gateway.bill_breaks(day.isoformat(), count=4, seed=1, kinds=[kind])
    assert found_by_us(compare(day)) == planted_as_ours(planted)


def test_a_payment_we_do_not_know_as_paid_is_asked_about_and_heals(
    gateway: Gateway, day: date
) -> None:
    payments, _refunds = take_over(gateway, prefix=busy(gateway, day, refunds=0))
    one = payments[0]
    ledger_key = f"payment.succeeded:{one.public_id}"
    Payment.objects.filter(pk=one.pk).delete()
    Payment.objects.bulk_create(
        [
            Payment(
                number=one.number, order=one.order, provider="localpay", currency="CNY",
                amount_minor=one.amount_minor, state="submitted", state_at=one.state_at,
                created_at=one.created_at, expires_at=one.expires_at, public_id=one.public_id,
            )
        ]
    )  # fmt: skip
    row = compare(day)
    assert list(row.differences.values_list("kind", "number")) == [("state", one.number)]
    asked = Payment.objects.get(number=one.number)
    assert asked.not_before is not None
    Payment.objects.filter(pk=asked.pk).update(
        state="succeeded", succeeded_at=one.succeeded_at, provider_txn=one.provider_txn
    )
    assert ledger_key
    row = compare(day)
    assert (row.state, row.differences.get().closing) == ("matched", "healed")


def test_what_the_ledger_says_otherwise_is_a_difference(gateway: Gateway, day: date) -> None:
    payments, _refunds = take_over(gateway, prefix=busy(gateway, day, refunds=0))
    ledger.post(
        key="stray", kind="stray", now=clock.now(),
        lines=[ledger.Line("bank", 1), ledger.Line("psp_clearing:localpay", -1)],
    )  # fmt: skip
    from core.models import Journal, Posting

    journal = Journal.objects.get(key=f"payment.succeeded:{payments[0].public_id}")
    Posting.objects.bulk_create(
        [
            Posting(journal=journal, account_id="psp_clearing:localpay", amount=7, currency="CNY"),
            Posting(journal=journal, account_id="order_obligation", amount=-7, currency="CNY"),
        ]
    )
    case = compare(day).differences.get()
    assert (case.kind, case.delta_minor, case.subject) == ("ledger", 7, payments[0].public_id)
