"""Changing to a dearer plan: whose unused days come off the first period, and how much they are."""

from dataclasses import dataclass
from datetime import date

from accounts.models import User
from orders.models import OrderLine, Subscription
from orders.models.subscription import ChargeOutcome
from orders.queries.plans import PlanTerms
from orders.states import PeriodState, SubscriptionState
from orders.subscriptions.proration import Credit, credit_of


class NotUpgradable(Exception):
    """There is nothing of this person's that this plan could replace."""


@dataclass(frozen=True, slots=True)
class Change:
    """The subscription that is replaced, and what its unused days are worth."""

    old: Subscription
    credit: Credit


def change_of(public_id: str, *, user: User, terms: PlanTerms, on: date) -> Change | None:
    """The change from that subscription to these terms on a day; None when none is asked for.

    Only from a running one, in its family, to a dearer first period. Money is minor units of its
    currency. Raises NotUpgradable.
    """
    if not public_id:
        return None
    old = Subscription.objects.filter(public_id=public_id, user=user).first()
    if old is None or old.state != SubscriptionState.ACTIVE or not old.family:
        raise NotUpgradable(public_id)
    if old.family != terms.plan.family or old.plan_id == terms.plan.pk:
        raise NotUpgradable(public_id)
    credit = unused_of(old, on=on)
    if terms.phases[0].price_minor <= old.phases[-1]["price_minor"]:
        raise NotUpgradable(public_id)
    return Change(old, credit)


def unused_of(subscription: Subscription, *, on: date) -> Credit:
    """What the unused days of the period that is paid for are worth on a day.

    Raises NotUpgradable when none is paid for.
    """
    period = subscription.periods.filter(state=PeriodState.PAID).order_by("-number").first()
    if period is None:
        raise NotUpgradable(subscription.public_id)
    lines = OrderLine.objects.filter(
        order__subscription_charge__period=period, sku_code=subscription.sku_code,
        order__subscription_charge__outcome=ChargeOutcome.PAID,
    )  # fmt: skip
    # What went back for a unit that never came is not there to be credited.
    paid = sum(line.paid_minor for line in lines if line.gone == 0 and line.failed == 0)
    return credit_of(paid, start=period.period_start, end=period.period_end, on=on)
