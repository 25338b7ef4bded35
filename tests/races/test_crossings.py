"""Orders on crossing roads: a deadline and a delivery, a closing order and the next one of its buyer."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections

from catalog import snapshot
from catalog.models import Sku
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.invariants import check_all
from core.tx import step
from fulfillment.models import Code, Delivery
from orders.models import Order, OrderWait, Refund
from orders.queries.orders import lock_order
from orders.services.close_order import cancel_order
from orders.services.fill_waits import end_overdue_waits
from orders.services.limits import take_limits
from orders.states import OrderState
from risk.services.assess import assess
from tests.factories.catalog import make_sku
from tests.factories.fulfillment import import_file, make_file
from tests.factories.orders import item, make_order, order_of, pay, place, relay_all, stocked
from tests.orders.conftest import _localpay_settings, key_files  # noqa: F401  fixtures

pytestmark = pytest.mark.usefixtures("committed")
# Long enough for the others to have come to the lock that this thread holds.
UNTIL_THEY_WAIT = 0.7


@pytest.fixture(autouse=True)
def _fresh(committed: None) -> Iterator[None]:
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, clock.forget):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def spawn(work: Callable[[], object], errors: list[BaseException]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  told by the test
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def waiting(*goods: Sku) -> Order:
    """A paid order whose pool units were given away before its money came."""
    order = order_of(place(*[item(sku) for sku in goods]))
    Code.objects.filter(held_by=order.public_id).update(
        state="available", held_by="", held_line="", held_until=None
    )
    Code.objects.filter(state="available").update(state="quarantined")
    pay(order)
    order.refresh_from_db()
    assert order.state == OrderState.WAITING_STOCK
    return order


def test_an_order_filled_at_its_deadline_is_not_refunded_by_another_sweep() -> None:
    card = stocked(1)
    order = waiting(card, make_sku(kind="topup", price_minor=1000, cost_minor=1))
    import_file(card, make_file(1))
    errors: list[BaseException] = []
    deadline = OrderWait.objects.get().deadline
    with step():
        lock_order(order.public_id)
        sweeps = [spawn(lambda: end_overdue_waits(now=deadline), errors) for _ in range(2)]
        time.sleep(UNTIL_THEY_WAIT)
    for sweep in sweeps:
        sweep.join()
    order.refresh_from_db()
    assert errors == []
    assert (order.state, Refund.objects.count()) == (OrderState.FULFILLING, 0)
    assert Delivery.objects.filter(reference=order.public_id, canceled_at=None).count() == 2
    relay_all()
    assert [str(v) for v in check_all(now=clock.now(), grace=1)] == []


def test_a_closing_order_and_the_next_one_of_its_buyer_do_not_block_each_other() -> None:
    """Both take and give back the same budgets and limits; a ring of waits would kill one of them."""
    buyer: dict[str, Any] = {"contact": "one@example.com", "ip": "198.51.100.7"}
    errors: list[BaseException] = []
    old = make_order(stocked(3, limit_per_buyer=5), **buyer)
    (take,) = old.budgets
    facts = {"ip": buyer["ip"], "contact": old.contact_index.hex(), "units": 1, "total_minor": 1}
    with step():
        assess(point="order", subject="ord_NEXT", facts=facts, now=clock.now())
        closing = spawn(
            lambda: cancel_order(order=old.public_id, now=clock.now(), acting="guest"), errors
        )
        time.sleep(UNTIL_THEY_WAIT)
        take_limits([take])
    closing.join()
    assert errors == []
    old.refresh_from_db()
    assert old.state == OrderState.CLOSED
