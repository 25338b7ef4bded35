"""What became of a try at charging a period: it is paid, it failed for certain, or nobody knows yet.

Before: `charge_period.py`. A failed one is tried again on a ladder; after the last rung it is over.
"""

from datetime import datetime, timedelta

from core import transitions, wake
from core.tx import part, step
from orders.models import (
    Order,
    Payment,
    Subscription,
    SubscriptionCharge,
    SubscriptionPeriod,
)
from orders.models.subscription import ChargeOutcome
from orders.payments.mandates import Failure
from orders.queries.subscriptions import lock_period, lock_subscription
from orders.services.subscriptions.end_subscription import end_now
from orders.services.subscriptions.plan_period import plan_period, today
from orders.services.subscriptions.tell_subscriber import tell_charged, tell_failed
from orders.states import (
    OPEN_PAYMENT,
    OrderState,
    PeriodState,
    SubscriptionState,
)

# Days after the first try; a buyer keeps the subscription meanwhile (the grace).
RETRY_DAYS = (1, 3, 5)
LOOK_SECONDS = 30
BY = "subscription"
UNPAID, REVOKED, UPGRADED = "unpaid", "revoked", "upgraded"
DRIVE_TASK = "orders.drive_periods"
# Money for these is gone or goes back: nothing was bought by them.
OVER = frozenset({OrderState.CLOSED, OrderState.LATE_PAID, OrderState.REFUNDED})


def settle_charge(*, pk: int, now: datetime, why: str = "") -> bool:
    """Draw the consequences of a try; False while it is not decided.

    `why` is the provider's definite reason, or why there was no order to pay. Money that came for
    an order counts, whoever told us; a try has failed only when its order is over and no payment
    of it can bring money any more.
    """
    with step():
        row = SubscriptionCharge.objects.only("period_id").get(pk=pk)
        period = lock_period(row.period_id)
        charge = SubscriptionCharge.objects.select_related("order").get(pk=pk)
        paid = _paid_by(charge.order)
        late = period.state == PeriodState.FAILED and charge.outcome == ChargeOutcome.FAILED
        if charge.outcome != ChargeOutcome.OPEN and not (late and paid is not None):
            return True
        if paid is not None:
            _paid(charge, period, paid, now)
            return True
        if charge.order is None and not why:
            _later(period, now)
            return False
        if charge.order is not None and not _is_over(charge.order):
            SubscriptionCharge.objects.filter(pk=pk).update(why=why or charge.why)
            _later(period, now)
            return False
        _failed(charge, period, why or charge.why, now)
        return True


@part
def _paid_by(order: Order | None) -> Payment | None:
    """The money that pays the order; an order that costs nothing is paid all the same."""
    if order is None:
        return None
    return Payment.objects.filter(order=order, applied=True).first()


@part
def _is_over(order: Order) -> bool:
    state = Order.objects.values_list("state", flat=True).get(pk=order.pk)
    live = Payment.objects.filter(order=order, state__in=OPEN_PAYMENT)
    return state in OVER and not live.exists()


@part
def _paid(
    charge: SubscriptionCharge, period: SubscriptionPeriod, payment: Payment, now: datetime
) -> None:
    assert charge.order is not None, "it was paid by its order"
    _note(charge, ChargeOutcome.PAID, "", now)
    moved = transitions.move(
        SubscriptionPeriod, period.pk, from_=[PeriodState.CHARGING, PeriodState.FAILED],
        to=PeriodState.PAID, now=now, by=BY, state_at=now, not_before=None, lease_until=None,
        charged_at=payment.succeeded_at or now,
    )  # fmt: skip
    if not moved:
        return
    subscription = period.subscription
    Subscription.objects.filter(pk=subscription.pk).update(
        current_start=period.period_start, current_end=period.period_end
    )
    tell_charged(
        period=period, order=charge.order.public_id, amount_minor=payment.amount_minor, now=now
    )
    _go_on(subscription, now)


@part
def _go_on(subscription: Subscription, now: datetime) -> None:
    """Run on: the next period is planned, and what this subscription replaces is over."""
    begun = [SubscriptionState.PENDING, SubscriptionState.PAST_DUE]
    was_pending = subscription.state == SubscriptionState.PENDING
    transitions.move(
        Subscription, subscription.pk, from_=begun, to=SubscriptionState.ACTIVE, now=now, by=BY,
        state_at=now,
    )  # fmt: skip
    row = Subscription.objects.get(pk=subscription.pk)
    if row.state == SubscriptionState.ACTIVE:
        plan_period(subscription=row, now=now, by=BY)
        wake.poke(DRIVE_TASK)
    if was_pending and row.replaces_id:
        _replace(lock_subscription(row.replaces_id), now)


@part
def _replace(old: Subscription, now: datetime) -> None:
    transitions.move(
        Subscription, old.pk, from_=[SubscriptionState.ACTIVE], to=SubscriptionState.CANCELLING,
        now=now, by=BY, why=UPGRADED, state_at=now, ended_why=UPGRADED,
    )  # fmt: skip
    end_now(subscription=old, why=UPGRADED, now=now, by=BY)


@part
def _failed(
    charge: SubscriptionCharge, period: SubscriptionPeriod, why: str, now: datetime
) -> None:
    """R: unknown is not failed; what comes here is definite."""
    _note(charge, ChargeOutcome.FAILED, why, now)
    subscription = period.subscription
    running = subscription.state in (SubscriptionState.ACTIVE, SubscriptionState.PAST_DUE)
    again = _again(period, now) if running and why != Failure.MANDATE else None
    to = PeriodState.FAILED if again else PeriodState.VOID
    transitions.move(
        SubscriptionPeriod, period.pk, from_=[PeriodState.CHARGING], to=to, now=now, by=BY,
        why=why, state_at=now, not_before=again, lease_until=None,
    )  # fmt: skip
    if not running and subscription.state != SubscriptionState.PENDING:
        return
    if running:
        transitions.move(
            Subscription, subscription.pk, from_=[SubscriptionState.ACTIVE],
            to=SubscriptionState.PAST_DUE, now=now, by=BY, why=why, state_at=now,
        )  # fmt: skip
    if again is not None:
        tell_failed(period=period, again_on=today(again), now=now)
        return
    reason = REVOKED if why == Failure.MANDATE else UNPAID
    end_now(subscription=subscription, why=reason, now=now, by=BY)


def _again(period: SubscriptionPeriod, now: datetime) -> datetime | None:
    """The next rung after now, counted from the first try; None after the last."""
    first = period.first_tried_at or now
    rungs = (first + timedelta(days=days) for days in RETRY_DAYS)
    left = list(rungs)[max(0, period.attempts - 1) :]
    return max(left[0], now) if left else None


@part
def _note(charge: SubscriptionCharge, outcome: ChargeOutcome, why: str, now: datetime) -> None:
    SubscriptionCharge.objects.filter(pk=charge.pk).update(
        outcome=outcome, why=why[:64], ended_at=now
    )


@part
def _later(period: SubscriptionPeriod, now: datetime) -> None:
    SubscriptionPeriod.objects.filter(pk=period.pk, state=PeriodState.CHARGING).update(
        not_before=now + timedelta(seconds=LOOK_SECONDS), lease_until=None
    )
