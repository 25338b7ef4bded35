"""Ask a provider how a mandate stands: signed, refused, ended. Its notices only make us ask.

A signed mandate plans the first period, which `drive_periods.py` charges at once.
"""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Q

from core import leases, transitions, wake
from core.each import each, turns
from core.tx import part, step
from orders.models import Mandate, Subscription
from orders.payments import registry
from orders.payments.mandates import Agreement, MandateAnswer
from orders.queries.subscriptions import lock_subscription
from orders.services.subscriptions.end_subscription import end_now
from orders.services.subscriptions.plan_period import drop_periods, plan_period, today
from orders.states import MandateState, SubscriptionState

log = structlog.get_logger(__name__)

DRIVE_TASK = "orders.drive_periods"
MANDATE_TASK = "orders.query_mandates"
AGAIN_SECONDS = 60
ALARM_TRIES = 30
LIVE = (MandateState.PENDING, MandateState.SIGNED)
REVOKED, UNSIGNED, REFUSED = "revoked", "unsigned", "refused"


def query_mandates(*, now: datetime, limit: int = 20) -> int:
    """Ask about due mandates one by one. Returns how many were asked about."""
    return each(
        lambda _: query_mandate(now=now), turns(limit), name="query_mandate", while_true=True
    )


def query_mandate(*, now: datetime, mandate: str = "") -> bool:
    """Ask about the most overdue mandate (or the named one) that nobody holds; False when none is.

    One that is to end is ended at the provider instead; so is one that was not signed in time.
    """
    where = Q(state__in=LIVE)
    where &= Q(public_id=mandate) if mandate else Q(not_before__isnull=False)
    if mandate:
        Mandate.objects.filter(where, not_before__gt=now).update(not_before=now)
    claimed = leases.claim(Mandate, where=where, limit=1, seconds=settings.LEASE_SECONDS, now=now)
    if not claimed:
        return False
    row = Mandate.objects.select_related("subscription").get(pk=claimed[0].pk)
    mandates = registry.get(row.provider).mandates
    assert mandates is not None, "only a provider with mandates has given us one"
    answer = (
        mandates.end(row.number, now=now) if row.ending else mandates.query(row.number, now=now)
    )
    if answer.standing in (Agreement.PENDING, Agreement.ABSENT) and row.expires_at <= now:
        answer = mandates.end(row.number, now=now)
    with step():
        _apply(row, answer, now)
    return True


@part
def _apply(row: Mandate, answer: MandateAnswer, now: datetime) -> None:
    subscription = lock_subscription(row.subscription_id)
    row.refresh_from_db()
    by = f"provider:{row.provider}"
    if answer.standing == Agreement.SIGNED and not row.ending:
        _signed(row, subscription, answer, now, by)
    elif answer.standing in (Agreement.ENDED, Agreement.REFUSED):
        _over(row, subscription, answer, now, by)
    else:
        if row.tries >= ALARM_TRIES:
            log.error("mandate_unresolved", mandate=row.public_id, why=answer.why)
        _later(row, now + timedelta(seconds=AGAIN_SECONDS))


@part
def _signed(
    row: Mandate, subscription: Subscription, answer: MandateAnswer, now: datetime, by: str
) -> None:
    if (answer.limit_minor, answer.currency) != (row.limit_minor, row.currency):
        # Signed over something else than we asked for: nothing is charged by it.
        log.error("mandate_differs", mandate=row.public_id, limit_minor=answer.limit_minor)
        Mandate.objects.filter(pk=row.pk).update(ending=True, not_before=now, lease_until=None)
        return
    moved = transitions.move(
        Mandate, row.pk, from_=[MandateState.PENDING], to=MandateState.SIGNED, now=now, by=by,
        state_at=now, agreement=answer.agreement, not_before=None, lease_until=None,
    )  # fmt: skip
    if not moved:
        _later(row, None)
        return
    if subscription.state != SubscriptionState.PENDING:
        # It was given up meanwhile: whoever signed it is not charged.
        Mandate.objects.filter(pk=row.pk).update(ending=True, not_before=now)
        return
    subscription.anchor = today(now)
    Subscription.objects.filter(pk=subscription.pk).update(anchor=subscription.anchor)
    plan_period(subscription=subscription, now=now, by=by)
    wake.poke(DRIVE_TASK)


@part
def _over(
    row: Mandate, subscription: Subscription, answer: MandateAnswer, now: datetime, by: str
) -> None:
    """Nothing can be charged any more: the buyer's no at the provider is a no to us."""
    refused = answer.standing == Agreement.REFUSED and row.state == MandateState.PENDING
    was_signed = row.state == MandateState.SIGNED
    transitions.move(
        Mandate, row.pk, from_=LIVE, to=MandateState.REFUSED if refused else MandateState.ENDED,
        now=now, by=by, state_at=now, not_before=None, lease_until=None, ending=False,
    )  # fmt: skip
    why = REFUSED if refused else REVOKED if was_signed else UNSIGNED
    if subscription.state == SubscriptionState.ACTIVE:
        revoke_at_period_end(subscription=subscription, now=now, by=by)
    elif subscription.state not in (SubscriptionState.CANCELLING, SubscriptionState.ENDED):
        end_now(subscription=subscription, why=why, now=now, by=by)


@part
def revoke_at_period_end(*, subscription: Subscription, now: datetime, by: str) -> None:
    """A locked subscription whose mandate is gone runs out with what is paid for."""
    transitions.move(
        Subscription, subscription.pk, from_=[SubscriptionState.ACTIVE],
        to=SubscriptionState.CANCELLING, now=now, by=by, why=REVOKED, state_at=now,
        ended_why=REVOKED,
    )  # fmt: skip
    drop_periods(subscription=subscription, now=now, by=by, why=REVOKED)


def _later(row: Mandate, at: datetime | None) -> None:
    Mandate.objects.filter(pk=row.pk).update(not_before=at, lease_until=None)
