"""A subscription is over: nothing more is charged, and the mandate behind it is ended too."""

from datetime import datetime

from core import transitions, wake
from core.each import each
from core.tx import part, step
from orders.models import Mandate, Subscription
from orders.queries.subscriptions import due_to_end, lock_subscription
from orders.services.subscriptions.plan_period import COMPLETE, drop_periods, today
from orders.services.subscriptions.tell_subscriber import tell_ended
from orders.states import LIVE_SUBSCRIPTION, MandateState, SubscriptionState

MANDATE_TASK = "orders.query_mandates"
CANCELLED = "cancelled"


def end_due_subscriptions(*, now: datetime, limit: int = 200) -> int:
    """End those whose last paid period is over. Returns how many this call ended."""
    due = due_to_end(today(now), limit=limit)
    return each(lambda pk: end_subscription(pk=pk, now=now), due, name="end_subscription")


def end_subscription(*, pk: int, now: datetime) -> bool:
    """End one that is to end with its period, when that is over; False when it was kept."""
    with step():
        row = lock_subscription(pk)
        if row.state != SubscriptionState.CANCELLING or row.current_end is None:
            return False
        if row.current_end > today(now):
            return False
        return end_now(subscription=row, why=row.ended_why or CANCELLED, now=now, by="system")


@part
def end_now(*, subscription: Subscription, why: str, now: datetime, by: str) -> bool:
    """End a locked subscription at once, and ask for the end of its mandate."""
    states = sorted(LIVE_SUBSCRIPTION - {SubscriptionState.ACTIVE})
    moved = transitions.move(
        Subscription, subscription.pk, from_=states, to=SubscriptionState.ENDED, now=now, by=by,
        why=why, state_at=now, ended_why=why[:24],
    )  # fmt: skip
    if not moved:
        return False
    drop_periods(subscription=subscription, now=now, by=by, why=why)
    live = [MandateState.PENDING, MandateState.SIGNED]
    Mandate.objects.filter(subscription=subscription, state__in=live).update(
        ending=True, not_before=now, tries=0
    )
    wake.poke(MANDATE_TASK)
    if subscription.current_start is not None:
        tell_ended(subscription=subscription, complete=why == COMPLETE, now=now)
    return True
