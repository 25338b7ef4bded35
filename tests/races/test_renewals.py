"""The day of a renewal: four schedulers, a storm of retries, a cancel in that second (D11)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog import snapshot
from core import ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from orders.models import Order, Subscription, SubscriptionPeriod
from orders.queries import promotions
from orders.services.subscriptions.cancel_subscription import cancel_subscription
from orders.services.subscriptions.charge_period import charge_period
from orders.services.subscriptions.drive_periods import walk_period
from orders.states import PeriodState, SubscriptionState
from simulators.localpay.script import Gateway
from tests.factories.subscriptions import Life, simple_plan
from tests.orders.conftest import (
    _gateway_process,
    _localpay_settings,
    gateway,
    key_files,
)
from tests.races.crowd import crowd

__all__ = ["_gateway_process", "_localpay_settings", "gateway", "key_files"]

pytestmark = pytest.mark.usefixtures("committed")
SCHEDULERS = 4


@pytest.fixture(autouse=True)
def _quiet(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    settings.TEST_HOOKS = True
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget):
        forget()


@pytest.fixture
def due(gateway: Gateway) -> tuple[Life, Subscription, SubscriptionPeriod]:
    """A subscription whose second period is charged now."""
    life = Life(gateway)
    row = life.subscribe(simple_plan(units=8))
    assert row.state == SubscriptionState.ACTIVE
    return life, row, life.renew(row)


def broken(life: Life) -> list[str]:
    return [str(one) for one in check_all(now=life.now, only="INV-SB")]


def test_four_schedulers_and_their_retries_charge_once(
    due: tuple[Life, Subscription, SubscriptionPeriod],
) -> None:
    life, row, period = due
    crowd(
        lambda _: walk_period(pk=period.pk, now=life.now), range(3 * SCHEDULERS), threads=SCHEDULERS
    )
    life.after(minutes=2)
    period.refresh_from_db()
    assert (period.state, period.attempts) == (PeriodState.PAID, 1)
    assert len(life.charges_at_gateway(row)) == 2
    assert Order.objects.count() == 2
    assert broken(life) == []


def test_a_cancel_in_that_second(due: tuple[Life, Subscription, SubscriptionPeriod]) -> None:
    """Charged or not, never both: what took money is paid for, what did not is dropped."""
    life, row, period = due

    def act(number: int) -> None:
        if number == SCHEDULERS - 1:
            cancel_subscription(pk=row.pk, now=life.now, acting="test")
        else:
            walk_period(pk=period.pk, now=life.now)

    crowd(act, range(SCHEDULERS), threads=SCHEDULERS)
    life.after(minutes=2)
    period.refresh_from_db()
    row.refresh_from_db()
    took = len(life.charges_at_gateway(row)) - 1
    # What was paid for is still had; without that charge it was the last day.
    assert row.state == (SubscriptionState.CANCELLING if took else SubscriptionState.ENDED)
    assert (period.state, took) in {(PeriodState.PAID, 1), (PeriodState.VOID, 0)}
    life.after(days=70)
    assert len(life.charges_at_gateway(row)) - 1 == took
    assert broken(life) == []


def test_without_the_guard_it_is_charged_again_and_again(
    due: tuple[Life, Subscription, SubscriptionPeriod],
) -> None:
    """The negative control: the invariant sees what the guard prevents."""
    life, row, period = due
    with without("subscriptions.once"):
        for _ in range(SCHEDULERS):
            charge_period(pk=period.pk, now=life.now)
    assert len(life.charges_at_gateway(row)) == 1 + SCHEDULERS
    assert any("INV-SB3" in one for one in broken(life))
