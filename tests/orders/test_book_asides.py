"""Money that was set aside is in the ledger while it is there, and out of it when it has gone."""

from collections.abc import Callable
from typing import Any

import pytest

from core import approvals, clock, invariants, ledger
from core.models import Journal
from core.reconciliation.runs import RUNS, reconcile
from core.reconciliation.values import day_of
from core.tx import step
from orders.models import Notice, Payment
from orders.models.notice import Verdict
from orders.services.book_asides import book_asides
from orders.services.confirm_payment import confirm_payment
from orders.services.set_aside import set_aside
from orders.services.two_persons import request_settlement
from tests.factories.accounts import make_staff
from tests.factories.orders import make_order, payment_of, receipt_of, stocked

pytestmark = pytest.mark.django_db
AT_PROVIDER, NOT_OURS = "psp_clearing:localpay", "unallocated_receipts"


def aside(payment: Payment, **more: Any) -> Notice:
    told = {"verdict": Verdict.WRONG_AMOUNT, "amount_minor": 777, "currency": "CNY",
            "txn": f"T{payment.number}", **more}  # fmt: skip
    with step():
        set_aside(payment=payment, now=clock.now(), **told)
    return Notice.objects.latest("id")


@pytest.fixture
def payment(db: None) -> Payment:
    return payment_of(make_order(stocked(1)))


def balances() -> tuple[int, int]:
    return ledger.balance(AT_PROVIDER), ledger.balance(NOT_OURS)


def test_it_is_booked_once_as_money_that_pays_for_nothing(payment: Payment) -> None:
    aside(payment)
    assert balances() == (0, 0)
    for _again in range(3):
        book_asides(now=clock.now())
    assert balances() == (777, -777)
    assert ledger.balance(NOT_OURS, subject=payment.order.public_id) == -777
    assert invariants.check_all(now=clock.now(), grace=0, only="INV-P8") == []


def test_another_currency_is_its_own_balance(payment: Payment) -> None:
    aside(payment, verdict=Verdict.WRONG_CURRENCY, currency="USD")
    book_asides(now=clock.now())
    assert (ledger.balance(AT_PROVIDER), ledger.balance(AT_PROVIDER, "USD")) == (0, 777)


def test_the_same_money_told_twice_is_booked_once(payment: Payment) -> None:
    aside(payment)
    aside(payment, verdict=Verdict.WRONG_CURRENCY)
    assert Notice.objects.filter(outcome="quarantined").count() == 2
    book_asides(now=clock.now())
    book_asides(now=clock.now())
    assert balances() == (777, -777)


def test_money_under_a_transaction_that_pays_something_is_in_the_books_already(
    payment: Payment,
) -> None:
    confirm_payment(receipt=receipt_of(payment), now=clock.now(), acting="provider:localpay")
    aside(payment, verdict=Verdict.USED_TXN)
    aside(payment, verdict=Verdict.WRONG_AMOUNT)
    before = balances()
    book_asides(now=clock.now())
    assert balances() == before


def test_it_leaves_the_books_when_two_persons_settle_it(payment: Payment) -> None:
    notice = aside(payment)
    book_asides(now=clock.now())
    maker, checker = make_staff("finance").public_id, make_staff("finance").public_id
    approval = request_settlement(
        notice=notice.public_id, reference="sent back", reason="wrong amount", by=maker,
        now=clock.now(),
    )  # fmt: skip
    approvals.decide(approval_id=approval.public_id, by=checker, agree=True, now=clock.now())
    for _again in range(2):
        book_asides(now=clock.now())
    assert balances() == (0, 0)
    assert Journal.objects.filter(kind__startswith="payment.aside").count() == 2


def test_it_leaves_the_books_when_it_was_this_payment_after_all(payment: Payment) -> None:
    aside(payment)
    book_asides(now=clock.now())
    confirm_payment(receipt=receipt_of(payment), now=clock.now(), acting="provider:localpay")
    book_asides(now=clock.now())
    assert ledger.balance(AT_PROVIDER) == payment.amount_minor
    assert ledger.balance(NOT_OURS) == 0


def test_the_clearing_account_adds_up_through_all_of_it(payment: Payment) -> None:
    aside(payment)
    book_asides(now=clock.now())
    other = payment_of(make_order(stocked(1)))
    confirm_payment(receipt=receipt_of(other), now=clock.now(), acting="provider:localpay")
    day = day_of(clock.now())
    states = {
        party.code: reconcile(name="ledger", party=party.code, day=day, now=clock.now()).state
        for party in RUNS.get("ledger").parties()
    }
    assert set(states.values()) == {"matched"}, states


def test_what_was_set_aside_and_not_booked_is_seen(
    payment: Payment, owner_sql: Callable[..., Any]
) -> None:
    notice = aside(payment)
    assert invariants.check_all(now=clock.now(), grace=0, only="INV-P8") != []
    book_asides(now=clock.now())
    assert invariants.check_all(now=clock.now(), grace=0, only="INV-P8") == []
    Notice.objects.filter(pk=notice.pk).update(outcome="settled")
    assert invariants.check_all(now=clock.now(), grace=0, only="INV-P8") != []
