"""Send a gift's link to the friend by mail or SMS. The greeting stays on the page."""

from datetime import datetime

from accounts.contacts import read_contact
from accounts.models import Message
from accounts.services.send_message import send_message
from core import limits
from core.tx import step
from fulfillment.addresses import gift_address
from fulfillment.models import Gift
from fulfillment.queries.showing import shown
from fulfillment.services.wallet.give import Given
from fulfillment.states import GiftState

BY_ONE_A_DAY, TO_ONE_A_DAY, BY_ADDRESS_A_DAY = 20, 3, 40
DAY_SECONDS = 86_400


class TooManySent(PermissionError):
    """So many messages are not sent in a day; the link itself works."""


@step()
def send_gift(*, given: Given, to: str, by: str, ip_key: str, now: datetime) -> str:
    """Queue the message; returns the masked recipient.

    A message names the giver and the goods and nothing else that was typed, so that nobody sends
    words of their own through us. Counted by giver, recipient and address (`ip_key`, a keyed hash).
    Raises TooManySent, risk.values.NotAValue.
    """
    contact = read_contact(to)
    counted = (
        (f"gift:by:{by}:{'' if by != 'guest' else ip_key}", BY_ONE_A_DAY),
        (f"gift:to:{contact.index.hex()[:32]}", TO_ONE_A_DAY),
        (f"gift:ip:{ip_key}", BY_ADDRESS_A_DAY),
    )
    for key, limit in counted:
        if not limits.hit(key, limit=limit, seconds=DAY_SECONDS, now=now):
            raise TooManySent(key.split(":")[1])
    gift = given.gift
    look = shown(gift.entitlement.sku_id, gift.language)
    send_message(
        kind=Message.Kind.MAIL if contact.kind == "mail" else Message.Kind.SMS,
        to=contact.value,
        template="gift_link",
        context={
            "sender": gift.sender,
            "title": f"{look.title} {look.sku_title}".strip(),
            "url": gift_address(gift.public_id, given.token),
        },
        language=gift.language,
        now=now,
        expires_at=gift.expires_at,
    )
    Gift.objects.filter(pk=gift.pk, state=GiftState.OPEN).update(sent_to=contact.masked)
    return contact.masked
