"""The buyer pauses a subscription: nothing is charged until they go on."""

from datetime import datetime, timedelta

from core import transitions
from core.tx import step
from orders.models import Subscription
from orders.queries.subscriptions import lock_subscription
from orders.services.subscriptions.plan_period import (
    ANNOUNCE_DAYS,
    drop_periods,
    next_number,
    plan_period,
    today,
)
from orders.states import MandateState, PeriodState, SubscriptionState


def pause_subscription(*, pk: int, now: datetime, acting: str) -> bool:
    """Charge nothing until it is resumed; False when it does not run or a charge is under way."""
    with step():
        row = lock_subscription(pk)
        if row.state != SubscriptionState.ACTIVE:
            return False
        if row.periods.filter(state=PeriodState.CHARGING).exists():
            return False
        drop_periods(subscription=row, now=now, by=acting, why="paused")
        return transitions.move(
            Subscription, row.pk, from_=[SubscriptionState.ACTIVE], to=SubscriptionState.PAUSED,
            now=now, by=acting, state_at=now,
        )  # fmt: skip


def resume_subscription(*, pk: int, now: datetime, acting: str) -> bool:
    """Go on. The next period begins when the paid one ends, or as soon as it can be announced.

    A pause beyond the paid period moves the day of charging. False when it is not paused or its
    mandate is gone.
    """
    with step():
        row = lock_subscription(pk)
        signed = row.mandate.state == MandateState.SIGNED and not row.mandate.ending
        if row.state != SubscriptionState.PAUSED or not signed or row.current_end is None:
            return False
        if row.current_end <= today(now):
            row.anchor = today(now) + timedelta(days=ANNOUNCE_DAYS)
            row.anchor_number = next_number(row)
        moved = transitions.move(
            Subscription, row.pk, from_=[SubscriptionState.PAUSED], to=SubscriptionState.ACTIVE,
            now=now, by=acting, state_at=now, anchor=row.anchor, anchor_number=row.anchor_number,
        )  # fmt: skip
        row.refresh_from_db()
        plan_period(subscription=row, now=now, by=acting)
        return moved
