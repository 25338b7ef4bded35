"""The worker's loop over periods: what is due is announced, charged, or looked after."""

from datetime import datetime

from django.conf import settings
from django.db.models import Q

from core import leases
from core.each import each, turns
from orders.models import SubscriptionCharge, SubscriptionPeriod
from orders.models.subscription import ChargeOutcome
from orders.services.subscriptions.announce_period import announce_period
from orders.services.subscriptions.charge_period import charge_period, push_charge
from orders.services.subscriptions.settle_charge import settle_charge
from orders.states import PeriodState


def drive_periods(*, now: datetime, limit: int = 50) -> int:
    """Take up due periods one by one. Returns how many were looked at."""
    return each(lambda _: drive_period(now=now), turns(limit), name="drive_period", while_true=True)


def drive_period(*, now: datetime) -> bool:
    """Walk the most overdue period that nobody holds one step on; False when none is due.

    The lease keeps workers apart; that a period is charged once does not depend on it.
    """
    claimed = leases.claim(
        SubscriptionPeriod, where=Q(not_before__isnull=False), limit=1,
        seconds=settings.LEASE_SECONDS, now=now,
    )  # fmt: skip
    if not claimed:
        return False
    walk_period(pk=claimed[0].pk, now=now)
    leases.release(SubscriptionPeriod, claimed[0])
    return True


def walk_period(*, pk: int, now: datetime) -> bool:
    """Do what a period's state asks for now."""
    period = SubscriptionPeriod.objects.get(pk=pk)
    if period.state == PeriodState.CHARGING:
        charge = period.charges.filter(outcome=ChargeOutcome.OPEN).order_by("-attempt").first()
        return charge is not None and push_charge(pk=charge.pk, now=now)
    if period.state == PeriodState.PLANNED and period.is_renewal:
        return announce_period(pk=pk, now=now)
    if period.state == PeriodState.FAILED and _paid_after_all(period, now):
        return True
    return charge_period(pk=pk, now=now)


def _paid_after_all(period: SubscriptionPeriod, now: datetime) -> bool:
    """A try that had failed brought its money late, and the goods went out for it."""
    late = period.charges.filter(outcome=ChargeOutcome.FAILED, order__payments__applied=True)
    charge = late.order_by("attempt").first()
    return charge is not None and settle_charge(pk=charge.pk, now=now)


def hurry_orders(*, orders: list[str], now: datetime) -> int:
    """Money came for these orders: periods they are for are looked at now. Returns of how many."""
    charges = SubscriptionCharge.objects.filter(order__public_id__in=orders)
    rows = SubscriptionPeriod.objects.filter(pk__in=charges.values("period_id"))
    hurried = rows.filter(state__in=[PeriodState.CHARGING, PeriodState.FAILED])
    return hurried.update(not_before=now)
