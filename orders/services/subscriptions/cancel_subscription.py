"""The buyer ends a subscription, at any time, in two clicks; until the period is over they may undo."""

from datetime import datetime

from core import transitions
from core.tx import part, step
from orders.models import Subscription
from orders.queries.subscriptions import lock_subscription
from orders.services.subscriptions.end_subscription import CANCELLED, end_now
from orders.services.subscriptions.plan_period import drop_periods, plan_period, today
from orders.states import MandateState, SubscriptionState


def cancel_subscription(*, pk: int, now: datetime, acting: str) -> bool:
    """Charge nothing more. A running one ends with what is paid for, any other at once.

    False when it is over or ending already. A charge that is under way at this moment decides
    itself: if it takes money, the subscription ends with the period that money is for. Source:
    reliability.md 4.13 (free and easy to cancel at any time), D11.
    """
    with step():
        row = lock_subscription(pk)
        if row.state in (SubscriptionState.CANCELLING, SubscriptionState.ENDED):
            return False
        if row.state != SubscriptionState.ACTIVE:
            return end_now(subscription=row, why=CANCELLED, now=now, by=acting)
        return _run_out(row, now, acting)


@part
def _run_out(row: Subscription, now: datetime, acting: str) -> bool:
    drop_periods(subscription=row, now=now, by=acting, why=CANCELLED)
    return transitions.move(
        Subscription, row.pk, from_=[SubscriptionState.ACTIVE], to=SubscriptionState.CANCELLING,
        now=now, by=acting, why=CANCELLED, state_at=now, ended_why=CANCELLED,
    )  # fmt: skip


def keep_subscription(*, pk: int, now: datetime, acting: str) -> bool:
    """Take the cancelation back; False when it was none of the buyer's, or the period is over.

    The next charge is announced anew: without five days' notice there is none.
    """
    with step():
        row = lock_subscription(pk)
        if not may_keep(row, now=now):
            return False
        transitions.move(
            Subscription, row.pk, from_=[SubscriptionState.CANCELLING],
            to=SubscriptionState.ACTIVE, now=now, by=acting, state_at=now, ended_why="",
        )  # fmt: skip
        row.refresh_from_db()
        plan_period(subscription=row, now=now, by=acting)
        return True


def may_keep(row: Subscription, *, now: datetime) -> bool:
    """Whether a cancelation can be taken back."""
    if row.state != SubscriptionState.CANCELLING or row.ended_why != CANCELLED:
        return False
    if row.current_end is None or row.current_end <= today(now):
        return False
    return row.mandate.state == MandateState.SIGNED and not row.mandate.ending
