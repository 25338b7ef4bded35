"""Years of a subscription in a house: all its clocks go from date to date, and what is due is done there.

Runs in the house's surroundings (`live_on`), beside its worker and by the worker's own functions.
"""

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from django.db import connection

from accounts.tasks import send_messages
from core import clock
from fulfillment.models import Delivery
from orders.models import Order, SubscriptionPeriod
from orders.services.subscriptions.drive_periods import drive_periods
from orders.services.subscriptions.plan_period import ANNOUNCE_DAYS, moment_of
from orders.states import PeriodState
from simulators.client import Client

SIMULATORS = ("LOCALPAY_URL", "SUPPLIER_A_URL", "SUPPLIER_B_URL", "SUPPLIER_C_URL")
# For so long a program may go by the clock it read last (core.clock).
READ_AGAIN_SECONDS = 0.25
PATIENCE_SECONDS = 60


def live_on(subscription: str, *, last: int, failing: int) -> None:
    """Renew a subscription up to its period `last`; the first charge of the period `failing` fails."""
    gateway = Client(os.environ["LOCALPAY_URL"])
    for number in range(2, last + 1):
        _announce(subscription, number)
        if number == failing:
            gateway.fault("insufficient_funds", op="charge", times=1)
        _until(partial(_charged, subscription, number), f"charge {number}")
        _until(partial(_there, subscription, number), f"goods {number}")


def _announce(subscription: str, number: int) -> None:
    """To the day of the notice, and until it has left."""
    start = moment_of(_period(subscription, number).period_start)
    go_to(start - timedelta(days=ANNOUNCE_DAYS))

    def left() -> bool:
        period = _period(subscription, number)
        if period.notices.exists() and period.not_before:
            go_to(period.not_before + timedelta(seconds=1))
        drive_periods(now=clock.now())
        send_messages()
        return _period(subscription, number).state == PeriodState.NOTICED

    _until(left, f"notice {number}")


def _charged(subscription: str, number: int) -> bool:
    """Go to the day of the charge, and on to the next one when it has failed."""
    period = _period(subscription, number)
    if period.state != PeriodState.CHARGING and period.not_before:
        go_to(period.not_before + timedelta(seconds=1))
        time.sleep(READ_AGAIN_SECONDS)
    drive_periods(now=clock.now())
    return _period(subscription, number).state == PeriodState.PAID


def _there(subscription: str, number: int) -> bool:
    """Whether the goods of a period have been delivered; a worker does that."""
    orders = Order.objects.filter(
        subscription_charge__period=_period(subscription, number), paid_at__isnull=False
    )
    units = Delivery.objects.filter(reference__in=orders.values("public_id"))
    return units.exists() and not units.exclude(state="delivered").exists()


def _period(subscription: str, number: int) -> SubscriptionPeriod:
    return SubscriptionPeriod.objects.get(subscription__public_id=subscription, number=number)


def go_to(moment: datetime) -> None:
    """Move the clocks of the shop, its gateway and its suppliers on to a moment."""
    missing = (moment - clock.now()).total_seconds()
    if missing <= 0:
        return
    clock.move(missing)
    with connection.cursor() as cursor:
        cursor.execute("select seconds from core_clockoffset where id = 1")
        (offset,) = cursor.fetchone()
    for name in SIMULATORS:
        Client(os.environ[name]).move_clock(float(offset))


def _until(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.05)
