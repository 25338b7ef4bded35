"""Mails and texts to people about what they own: a link to the page, never a code."""

from collections.abc import Mapping
from datetime import datetime

import structlog
from django.urls import reverse

from accounts.models import Message, User
from accounts.queries import verified_contacts
from accounts.services.send_message import send_message
from core.tx import part
from fulfillment.addresses import site, wallet_address
from fulfillment.models import Gift, ReminderChoice
from fulfillment.queries.showing import shown
from risk.values import Kind, NotAValue

log = structlog.get_logger(__name__)


@part
def tell_claimed(gift: Gift, *, now: datetime) -> bool:
    """Tell the giver that the friend has it; False for a guest, who sees it on the page."""
    return _tell_giver(gift, "gift_claimed", now)


@part
def tell_returned(gift: Gift, *, now: datetime) -> bool:
    """Tell the giver that nobody came and the thing is back."""
    return _tell_giver(gift, "gift_returned", now)


def _tell_giver(gift: Gift, template: str, now: datetime) -> bool:
    person = User.objects.filter(public_id=gift.giver, is_active=True).first()
    if person is None:
        return False
    look = shown(gift.entitlement.sku_id, person.language)
    context = {
        "title": f"{look.title} {look.sku_title}".strip(),
        "url": site(reverse("fulfillment:given", args=[gift.public_id])),
    }
    return bool(tell(person, template, context, now=now, mail=True, sms=False))


@part
def tell(
    person: User,
    template: str,
    context: Mapping[str, str | int],
    *,
    now: datetime,
    mail: bool,
    sms: bool,
) -> str:
    """Send by mail and by SMS, as far as wanted and proved; the first message's id, "" for none."""
    sent: list[Message] = []
    for contact in verified_contacts(person):
        wanted = mail if contact.kind == Kind.MAIL else sms
        kind = Message.Kind.MAIL if contact.kind == Kind.MAIL else Message.Kind.SMS
        if not wanted or kind in [message.kind for message in sent]:
            continue
        try:
            message = send_message(
                kind=kind, to=contact.value, template=template, context=context,
                language=person.language, now=now,
            )  # fmt: skip
        except NotAValue:
            log.error("contact_unusable", person=person.public_id)  # noqa: TRY400  an outcome
            continue
        sent.append(message)
    return sent[0].public_id if sent else ""


@part
def remind(person: User, *, titles: list[str], ends_on: str, days: int, now: datetime) -> str:
    """Say what ends within so many days, in one message; "" when the person wants none."""
    choice = ReminderChoice.objects.filter(owner=person.public_id).first()
    return tell(
        person,
        "ending_soon",
        {
            "title": titles[0],
            "more": len(titles) - 1,
            "day": ends_on,
            "days": days,
            "url": f"{wallet_address()}?show=expiring",
        },
        now=now,
        mail=choice is None or choice.by_mail,
        sms=choice is None or choice.by_sms,
    )
