"""Mails and texts about a subscription: begun, about to be charged, charged, not charged, ended."""

from collections.abc import Mapping
from datetime import date, datetime

import structlog
from django.conf import settings
from django.urls import reverse

from accounts.models import Message
from accounts.queries import verified_contacts
from accounts.services.send_message import compose_message, queue_messages
from core.money import format_minor
from core.tx import part
from orders.models import Subscription, SubscriptionPeriod
from risk.values import NotAValue

log = structlog.get_logger(__name__)


@part
def tell_renewal(*, period: SubscriptionPeriod, charged_on: date, now: datetime) -> Message | None:
    """The law's notice: what will be taken, when, and where to stop it. None without a contact."""
    return _send(
        period.subscription, "sub_renewal", now,
        {"amount": _amount(period), "day": charged_on.isoformat()},
    )  # fmt: skip


@part
def tell_charged(
    *, period: SubscriptionPeriod, order: str, amount_minor: int, now: datetime
) -> None:
    """What was taken, for which days; the first time, that the subscription has begun."""
    template = "sub_charged" if period.is_renewal else "sub_started"
    _send(
        period.subscription, template, now,
        {
            "amount": format_minor(amount_minor, period.subscription.currency), "order": order,
            "start": period.period_start.isoformat(), "end": period.period_end.isoformat(),
        },
    )  # fmt: skip


@part
def tell_failed(*, period: SubscriptionPeriod, again_on: date, now: datetime) -> None:
    """That a charge failed, and when it is tried again."""
    told = {"amount": _amount(period), "day": again_on.isoformat()}
    _send(period.subscription, "sub_failed", now, told)


@part
def tell_ended(*, subscription: Subscription, complete: bool, now: datetime) -> None:
    """That it is over and nothing more is taken."""
    _send(subscription, "sub_ended", now, {"complete": complete})


def _amount(period: SubscriptionPeriod) -> str:
    return format_minor(period.price_minor, period.subscription.currency)


def _send(
    subscription: Subscription, template: str, now: datetime, more: Mapping[str, str | bool]
) -> Message | None:
    contacts = verified_contacts(subscription.user)
    # A mail has room for the whole notice; a text only points to the page.
    contact = next((found for found in contacts if found.kind == "mail"), None)
    contact = contact or next(iter(contacts), None)
    if contact is None:
        log.error("subscriber_unreachable", subscription=subscription.public_id)
        return None
    english = subscription.language.startswith("en") and subscription.title_en
    page = reverse("orders:subscription", args=[subscription.public_id])
    try:
        message = compose_message(
            kind="mail" if contact.kind == "mail" else "sms",
            to=contact.value,
            template=template,
            context={
                "title": subscription.title_en if english else subscription.title,
                "url": f"{settings.SITE_URL}{page}",
                **more,
            },
            language=subscription.language,
            now=now,
        )
    except NotAValue:
        log.error("contact_unusable", subscription=subscription.public_id)  # noqa: TRY400  an outcome
        return None
    queue_messages([message])
    return message
