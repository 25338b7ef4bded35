"""The law's notice before a renewal: five days ahead, and no charge without one.

Before: `plan_period.py`. Next: `charge_period.py`. What counts is when the mail really left.
"""

from datetime import datetime, timedelta

import structlog

from accounts.models import Message
from accounts.states import MessageState
from core import transitions
from core.tx import part, step
from orders.models import RenewalNotice, SubscriptionPeriod
from orders.queries.subscriptions import lock_period
from orders.services.subscriptions.end_subscription import end_now
from orders.services.subscriptions.plan_period import NOTICE_DAYS, drop_periods, moment_of, today
from orders.services.subscriptions.tell_subscriber import tell_renewal
from orders.states import PeriodState, SubscriptionState

log = structlog.get_logger(__name__)

LOOK_SECONDS = 600
AGAIN_DAYS = 1
UNREACHABLE = "unreachable"
WAITING = (MessageState.QUEUED,)


def announce_period(*, pk: int, now: datetime) -> bool:
    """Send the notice of a planned period, or see whether it has left; False when there is none.

    Once it has left, the period is due at its start, and never before five days after the notice.
    Source: 网络交易监督管理办法 art. 18 (reliability.md 4.13), INV-SB2.
    """
    with step():
        period = lock_period(pk)
        if period.state != PeriodState.PLANNED:
            return False
        if period.subscription.state != SubscriptionState.ACTIVE:
            drop_periods(subscription=period.subscription, now=now, by="system", why="not running")
            return False
        notice = period.notices.order_by("-id").first()
        if notice is None:
            return _announce(period, now)
        return _look(period, notice, now)


@part
def _announce(period: SubscriptionPeriod, now: datetime) -> bool:
    """Queue the notice; somebody who cannot be told cannot be charged."""
    charged_on = max(today(moment_of(period.period_start)), today(now + timedelta(NOTICE_DAYS)))
    message = tell_renewal(period=period, charged_on=charged_on, now=now)
    if message is not None:
        RenewalNotice.objects.create(
            period=period, message=message.public_id, amount_minor=period.price_minor,
            queued_at=now,
        )  # fmt: skip
        _later(period, now + timedelta(seconds=LOOK_SECONDS))
        return True
    if today(now) >= period.period_end:
        _end(period, now)
        return False
    _later(period, now + timedelta(days=AGAIN_DAYS))
    return False


@part
def _end(period: SubscriptionPeriod, now: datetime) -> None:
    transitions.move(
        type(period.subscription), period.subscription_id, from_=[SubscriptionState.ACTIVE],
        to=SubscriptionState.CANCELLING, now=now, by="system", why=UNREACHABLE, state_at=now,
    )  # fmt: skip
    end_now(subscription=period.subscription, why=UNREACHABLE, now=now, by="system")


@part
def _look(period: SubscriptionPeriod, notice: RenewalNotice, now: datetime) -> bool:
    message = Message.objects.filter(public_id=notice.message).first()
    if message is not None and message.state == MessageState.SENT and message.sent_at:
        RenewalNotice.objects.filter(pk=notice.pk).update(sent_at=message.sent_at)
        due = max(moment_of(period.period_start), message.sent_at + timedelta(days=NOTICE_DAYS))
        return transitions.move(
            SubscriptionPeriod, period.pk, from_=[PeriodState.PLANNED], to=PeriodState.NOTICED,
            now=now, by="system", state_at=now, not_before=due, lease_until=None, tries=0,
        )  # fmt: skip
    if message is not None and message.state in WAITING:
        _later(period, now + timedelta(seconds=LOOK_SECONDS))
        return False
    log.warning("renewal_notice_lost", period=period.public_id, message=notice.message)
    if now - notice.queued_at < timedelta(days=AGAIN_DAYS):
        _later(period, notice.queued_at + timedelta(days=AGAIN_DAYS))
        return False
    return _announce(period, now)


@part
def _later(period: SubscriptionPeriod, at: datetime) -> None:
    SubscriptionPeriod.objects.filter(pk=period.pk).update(not_before=at, lease_until=None)
