"""Reads of subscriptions by what a caller has: a key, an owner, a date."""

import json
from datetime import date

from core.crypto import unseal
from core.tx import part
from orders.models import Subscription, SubscriptionPeriod
from orders.states import PeriodState, SubscriptionState


@part
def lock_subscription(pk: int) -> Subscription:
    """The subscription with its row locked: first in the lock order of everything about it."""
    return Subscription.objects.select_for_update(of=("self",)).get(pk=pk)


@part
def lock_period(pk: int) -> SubscriptionPeriod:
    """The period with its row and, before it, its subscription's row locked."""
    row = SubscriptionPeriod.objects.only("subscription_id").get(pk=pk)
    lock_subscription(row.subscription_id)
    rows = SubscriptionPeriod.objects.select_for_update(of=("self",))
    return rows.select_related("subscription", "subscription__plan").get(pk=pk)


def due_to_end(day: date, *, limit: int) -> list[int]:
    """Keys of subscriptions that end with a period which is over by `day`."""
    rows = Subscription.objects.filter(state=SubscriptionState.CANCELLING, current_end__lte=day)
    return list(rows.order_by("current_end", "id").values_list("pk", flat=True)[:limit])


def inputs_of(subscription: Subscription) -> dict[str, str]:
    """The recipient's fields as the buyer gave them. Raises CannotUnseal."""
    if subscription.inputs_sealed is None:
        return {}
    text = unseal(subscription.inputs_sealed, context=subscription.inputs_context).reveal()
    found: dict[str, str] = json.loads(text)
    return found


def next_period(subscription: Subscription) -> SubscriptionPeriod | None:
    """The period that is charged next, or is being charged."""
    open_states = [
        PeriodState.PLANNED, PeriodState.NOTICED, PeriodState.FAILED, PeriodState.CHARGING,
    ]  # fmt: skip
    return subscription.periods.filter(state__in=open_states).order_by("number").first()
