"""Write down the period that comes next; nothing is charged by this."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max

from core import transitions
from core.tx import part
from orders.models import Subscription, SubscriptionPeriod
from orders.states import PeriodState, SubscriptionState
from orders.subscriptions.schedule import Span, span_of
from orders.subscriptions.terms import read_phases

# Civil dates are those of the shop.
ZONE = ZoneInfo("Asia/Shanghai")
# Money is taken when people are awake to see it.
CHARGE_AT = time(9, 0)
# The law says five days (网络交易监督管理办法, art. 18); a day more leaves time to deliver a mail.
NOTICE_DAYS = 5
ANNOUNCE_DAYS = 6
COMPLETE = "complete"


def moment_of(day: date) -> datetime:
    """When a period that begins on `day` is charged."""
    return datetime.combine(day, CHARGE_AT, tzinfo=ZONE)


def today(now: datetime) -> date:
    """The civil date where the shop is."""
    return now.astimezone(ZONE).date()


def span_at(subscription: Subscription, number: int) -> Span | None:
    """Dates, price and gift of a period of this subscription; None after its last."""
    assert subscription.anchor is not None, "counted from its first charge"
    return span_of(
        read_phases(subscription.phases), number=number, anchor=subscription.anchor,
        anchor_number=subscription.anchor_number,
    )  # fmt: skip


def next_number(subscription: Subscription) -> int:
    """Number of the period after the last one paid."""
    paid = subscription.periods.filter(state=PeriodState.PAID)
    return int(paid.aggregate(last=Max("number"))["last"] or 0) + 1


@part
def plan_period(*, subscription: Subscription, now: datetime, by: str) -> SubscriptionPeriod | None:
    """The next period of a locked subscription; after the last one it ends with the present one."""
    span = span_at(subscription, next_number(subscription))
    if span is None:
        transitions.move(
            Subscription, subscription.pk, from_=[SubscriptionState.ACTIVE],
            to=SubscriptionState.CANCELLING, now=now, by=by, why=COMPLETE, state_at=now,
            ended_why=COMPLETE,
        )  # fmt: skip
        return None
    renewal = span.number > 1
    due = moment_of(span.start) - timedelta(days=ANNOUNCE_DAYS) if renewal else now
    gift, units = span.gift or ("", 0)
    row = SubscriptionPeriod.objects.create(
        subscription=subscription, number=span.number, period_start=span.start,
        period_end=span.end, is_renewal=renewal, price_minor=span.phase.price_minor, gift=gift,
        gift_units=units, state=PeriodState.PLANNED, state_at=now, created_at=now,
        not_before=max(due, now),
    )  # fmt: skip
    transitions.begin(
        entity="subscriptionperiod", subject=row.public_id, state=row.state, now=now, by=by
    )
    return row


@part
def drop_periods(*, subscription: Subscription, now: datetime, by: str, why: str) -> int:
    """Drop what is planned and not under way for a locked subscription."""
    open_states = [PeriodState.PLANNED, PeriodState.NOTICED, PeriodState.FAILED]
    rows = subscription.periods.filter(state__in=open_states)
    return transitions.move_many(
        SubscriptionPeriod, list(rows.values_list("pk", flat=True)), from_=open_states,
        to=PeriodState.VOID, now=now, by=by, why=why, state_at=now, not_before=None,
    )  # fmt: skip
