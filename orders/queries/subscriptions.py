"""Reads of subscriptions by what a caller has: a key, an owner, a date."""

import json
from datetime import date

from django.db import connection

from core.crypto import unseal
from core.faults import guard_off
from core.tx import part
from orders.models import Subscription, SubscriptionPeriod
from orders.models.subscription import ChargeOutcome
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


@part
def still_pays(order_pk: int) -> bool:
    """Whether late money of an order still pays for the period it was for; true of any other order.

    It does while its try is undecided, or failed and not repeated; a period that was dropped, or is
    charged anew, is bought by nobody's late money. The period stands still until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """select c.outcome, p.state from orders_subscriptioncharge c
               join orders_subscriptionperiod p on p.id = c.period_id
               where c.order_id = %s for share of p""",
            [order_pk],
        )
        row = cursor.fetchone()
    if row is None or guard_off("subscriptions.late"):
        return True
    return bool(row[0] == ChargeOutcome.OPEN or row[1] == PeriodState.FAILED)


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
