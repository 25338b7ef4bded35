"""kill -9 on the day of a renewal: no period is charged twice or lost, and no mail is sent twice (D11)."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import Message
from core.faults import without
from core.invariants import check_all
from orders.models import Order, Subscription, SubscriptionPeriod
from orders.services.subscriptions.charge_period import charge_period
from orders.states import OrderState, PeriodState, SubscriptionState
from simulators.localpay.script import Gateway
from tests.factories.subscriptions import Life, simple_plan

pytestmark = pytest.mark.usefixtures("committed")
ROOT = Path(__file__).parents[3]
PRICE = 9700
LATER = timedelta(minutes=2)
# Of each renewal, where its workers die one after the other: with the try written down and no order
# yet; with the money taken and no answer noted.
RENEWALS: tuple[tuple[str, ...], ...] = (("CP-RENEW", "CP-CHARGED"),)
if float(os.environ.get("RACE_SCALE", "0.1")) >= 1:
    RENEWALS += (("CP-RENEW",), ("CP-CHARGED",), ("CP-CHARGED", "CP-CHARGED"), ("CP-RENEW",))


@pytest.fixture
def life(gateway: Gateway, committed: None) -> Life:
    return Life(gateway)


def die_at(point: str, life: Life, folder: Path) -> None:
    """A worker takes up what is due and is killed when it reaches the point."""
    (folder / point).touch()
    env = os.environ | {
        "CRASH_DIR": str(folder), "DATABASE_POOL": "0", "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOCALPAY_URL": settings.LOCALPAY_URL, "LOCALPAY_MERCHANT": settings.LOCALPAY_MERCHANT,
        "LOCALPAY_PRIVATE_KEY": settings.LOCALPAY_PRIVATE_KEY,
        "LOCALPAY_GATEWAY_PUBLIC_KEYS": ",".join(settings.LOCALPAY_GATEWAY_PUBLIC_KEYS),
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.orders.subscriptions.visitor", life.now.isoformat()]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, (done.returncode, done.stdout, done.stderr)


def compare(life: Life, row: Subscription, *, renewals: int) -> None:
    """The gateway's truth, our books, and what the subscriber was told, period by period."""
    charges = life.charges_at_gateway(row)
    assert [charge["amount_minor"] for charge in charges] == [PRICE] * (1 + renewals)
    assert len({charge["number"] for charge in charges}) == 1 + renewals
    periods = list(row.periods.filter(state=PeriodState.PAID).order_by("number"))
    assert [period.number for period in periods] == list(range(1, renewals + 2))
    assert all(one.period_end == after.period_start for one, after in pairwise(periods))
    assert [period.attempts for period in periods] == [1] * (1 + renewals)
    assert all(period.notices.count() == 1 for period in periods[1:])
    orders = Order.objects.filter(subscription_charge__period__subscription=row)
    assert Counter(orders.values_list("state", flat=True)) == {OrderState.DELIVERED: 1 + renewals}
    told = Counter(Message.objects.values_list("template", flat=True))
    assert (told["sub_started"], told["sub_renewal"], told["sub_charged"]) == (
        1, renewals, renewals,
    )  # fmt: skip
    assert told["sub_failed"] == 0
    row.refresh_from_db()
    assert row.state == SubscriptionState.ACTIVE
    assert [str(one) for one in check_all(now=life.now, only="INV-SB")] == []


def killed(
    life: Life, row: Subscription, points: tuple[str, ...], folder: Path
) -> SubscriptionPeriod:
    """The day of a renewal on which every worker but the last dies."""
    period = life.renew(row)
    for point in points:
        die_at(point, life, folder)
        # What a dead worker had begun is looked after a minute later.
        life.at(life.now + LATER)
    return period


def test_workers_die_on_the_day_of_a_renewal(life: Life, tmp_path: Path) -> None:
    row = life.subscribe(simple_plan(units=20, price_minor=PRICE))
    for points in RENEWALS:
        period = killed(life, row, points, tmp_path)
        life.work()
        period.refresh_from_db()
        assert period.state == PeriodState.PAID, points
    compare(life, row, renewals=len(RENEWALS))


def test_without_the_guard_who_takes_it_up_charges_again(life: Life, tmp_path: Path) -> None:
    """Negative control: a worker that does not know of the dead one's try makes one of its own."""
    row = life.subscribe(simple_plan(units=20, price_minor=PRICE))
    period = killed(life, row, ("CP-CHARGED",), tmp_path)
    with without("subscriptions.once"):
        charge_period(pk=period.pk, now=life.now)
    life.work()
    with pytest.raises(AssertionError):
        compare(life, row, renewals=1)
    assert len(life.charges_at_gateway(row)) == 3
