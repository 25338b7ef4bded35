"""Money and its order, many at once: one effect for one fact (B01, B06, B08, B11, D09, D18).

Each race comes with its negative control: with the guard switched off the same check must fail.
RACE_SCALE=1 runs the full numbers.
"""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from core.models import Journal, StateChange
from fulfillment.models import CodeIssue, Delivery
from orders.models import Notice, Order, Refund
from orders.services.close_order import cancel_order, expire_order
from orders.services.confirm_payment import confirm_payment
from orders.services.place_order import place_order
from orders.services.request_refund import NothingToRefund, request_refund
from tests.factories.catalog import make_sku
from tests.factories.orders import (
    item,
    make_order,
    make_paid,
    notice_body,
    payment_of,
    receipt_of,
    relay_all,
    stocked,
    wanted,
)
from tests.orders.conftest import _localpay_settings, key_files  # noqa: F401  fixtures
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("committed")
SCALE = float(os.environ.get("RACE_SCALE", "0.2"))
COPIES, AT_ONCE = 50, 16
ROUNDS = max(20, int(500 * SCALE))
CROSSING_SECONDS = 0.05


@pytest.fixture(autouse=True)
def _fresh(committed: None) -> Iterator[None]:
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, clock.forget):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def assert_sound() -> None:
    relay_all()
    assert [str(v) for v in check_all(now=clock.now(), grace=1)] == []


def send_copies(order: Order) -> list[tuple[int, bytes]]:
    """Fifty copies of one valid notice, sixteen at a time, to the real view."""
    body, answers = notice_body(payment_of(order)), []

    def send(_: int) -> None:
        answer = Client().post(
            "/pay/localpay/notice/", body, content_type="application/x-www-form-urlencoded"
        )
        answers.append((answer.status_code, answer.content))

    crowd(send, range(COPIES), threads=AT_ONCE)
    return answers


def assert_applied_once(order: Order, answers: list[tuple[int, bytes]]) -> None:
    order.refresh_from_db()
    assert answers == [(200, b"success")] * COPIES
    assert order.state == "delivered"
    assert Notice.objects.count() == 1
    assert Notice.objects.get().outcome == "applied"
    assert Journal.objects.filter(kind="payment.succeeded").count() == 1
    assert Journal.objects.filter(kind="unit.delivered").count() == 3
    assert Delivery.objects.count() == CodeIssue.objects.count() == 3


def test_fifty_copies_of_one_notice_have_one_effect() -> None:
    order = make_order(stocked(5), 3)
    assert_applied_once(order, send_copies(order))
    assert_sound()


def test_without_its_lock_they_have_not() -> None:
    """Negative control: what the lock prevents is caught by constraints, and copies are refused."""
    with without("orders.confirm"):
        for _ in range(5):
            order = make_order(stocked(5), 3)
            if send_copies(order) != [(200, b"success")] * COPIES:
                return
    pytest.fail("the race did not show without its guard")


def test_the_same_success_from_notice_and_poller_is_one() -> None:
    order = make_order(stocked(3))
    receipt, results = receipt_of(payment_of(order)), []

    def tell(_: int) -> None:
        done = confirm_payment(receipt=receipt, now=clock.now(), acting="provider:localpay")
        results.append(done.result)

    crowd(tell, range(COPIES), threads=AT_ONCE)
    assert sorted(results) == ["already"] * (COPIES - 1) + ["paid"]
    assert_sound()


def test_one_form_sixteen_times_at_once_makes_one_order() -> None:
    form, placed = wanted(item(stocked(20))), []

    def click(_: int) -> None:
        placed.append(place_order(wanted=form, now=clock.now(), acting="guest"))

    crowd(click, range(AT_ONCE), threads=AT_ONCE)
    assert Order.objects.count() == 1
    assert {one.order for one in placed} == {Order.objects.get().public_id}
    assert sum(not one.replayed for one in placed) == 1
    assert len({one.token for one in placed}) == 1
    assert_sound()


def cross(order: Order) -> None:
    """Cancel, expire and pay the same order within 50 ms, each on its own connection."""
    receipt, now = receipt_of(payment_of(order)), order.expires_at
    acts: list[Callable[[], Any]] = [
        lambda: cancel_order(order=order.public_id, now=now, acting="guest"),
        lambda: expire_order(order=order.public_id, now=now),
        lambda: confirm_payment(receipt=receipt, now=now, acting="provider:localpay"),
    ]
    errors: list[BaseException] = []

    def run(act: Callable[[], Any]) -> None:
        time.sleep(random.random() * CROSSING_SECONDS)
        try:
            act()
        except Exception as error:  # noqa: BLE001  told by the thread that waits
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def assert_one_outcome(order: Order) -> str:
    """Paid and delivered, or closed and the money on its way back; never both, never neither."""
    order.refresh_from_db()
    payment = payment_of(order)
    refunds = list(Refund.objects.filter(order=order))
    deliveries = Delivery.objects.filter(reference=order.public_id, state="delivered").count()
    steps = StateChange.objects.filter(subject=order.public_id).order_by("id")
    walk = list(steps.values_list("was", "became"))
    assert all(a[1] == b[0] for a, b in pairwise(walk)), walk
    assert walk[-1][1] == order.state
    assert payment.state == "succeeded"
    if order.state == "delivered":
        assert (payment.applied, deliveries, refunds) == (True, 1, [])
    else:
        assert order.state == "late_paid"
        assert (payment.applied, deliveries) == (False, 0)
        assert [r.amount_minor for r in refunds] == [order.total_minor]
    return str(order.state)


def race_rounds(rounds: int) -> set[str]:
    sku, seen = stocked(rounds), set()
    for number in range(rounds):
        order = make_order(sku, ip=f"203.0.{number // 250}.{number % 250 + 1}")
        cross(order)
        seen.add(assert_one_outcome(order))
    return seen


def test_cancel_expire_and_pay_crossing_have_one_outcome() -> None:
    assert race_rounds(ROUNDS) == {"delivered", "late_paid"}
    assert_sound()


def test_without_their_locks_they_cross() -> None:
    """Negative control."""
    with (
        without("orders.confirm"),
        without("orders.lock"),
        pytest.raises(AssertionError),
    ):
        race_rounds(ROUNDS * 3)


def ask_for_everything(order: Order) -> list[str]:
    """Forty people ask for the same money at once; returns how each was answered."""
    answers: list[str] = []

    def ask(_: int) -> None:
        try:
            request_refund(order=order.public_id, now=clock.now(), acting="guest", reason="race")
            answers.append("refund")
        except NothingToRefund:
            answers.append("nothing")
        except Exception as error:  # noqa: BLE001  counted by its name
            answers.append(type(error).__name__)

    crowd(ask, range(40), threads=AT_ONCE)
    return answers


def test_forty_requests_for_the_same_money_make_one_refund() -> None:
    order = make_paid(make_sku(kind="topup", price_minor=1000, cost_minor=1), 5)
    answers = ask_for_everything(order)
    assert sorted(answers) == ["nothing"] * 39 + ["refund"]
    assert Refund.objects.get().amount_minor == 5000
    assert_sound()


def test_without_their_lock_requests_collide() -> None:
    """Negative control: only the unique unit of the refund's line stands then."""
    with without("orders.lock"), without("orders.refund_lock"), without("orders.refund_sum"):
        for _ in range(10):
            order = make_paid(make_sku(kind="topup", price_minor=1000, cost_minor=1), 5)
            if sorted(ask_for_everything(order)) != ["nothing"] * 39 + ["refund"]:
                return
    pytest.fail("the race did not show without its guard")
