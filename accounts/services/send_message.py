import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from accounts.contacts import read_contact
from accounts.models import Message
from accounts.models.user import Language
from core import wake
from core.crypto import seal
from core.ids import new_id
from core.tx import part

PUSH_TASK = "accounts.send_messages"
Value = str | int | bool


def compose_message(
    *,
    kind: str,
    to: str,
    template: str,
    context: Mapping[str, Value],
    language: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> Message:
    """A message that is not queued yet: a worker will render `accounts/messages/<template>`.

    `kind` is mail or sms, `to` an address or a phone. `context` holds primitives: ids, masked
    texts, links; it is sealed together with the recipient. A card code never goes in: messages
    link to the page that shows it. After `expires_at` it is not sent. Raises NotAValue.
    """
    contact = read_contact(to, kind="mail" if kind == Message.Kind.MAIL else "phone")
    message = Message(
        public_id=new_id("msg"),
        kind=kind,
        masked=contact.masked,
        to_index=contact.index,
        template=template,
        language=language if language in Language.values else Language.CHINESE,
        created_at=now,
        not_before=now,
        expires_at=expires_at,
    )
    body = json.dumps({"to": contact.value, "context": dict(context)}, ensure_ascii=False)
    message.sealed = seal(body, context=message.context)
    return message


@part
def queue_messages(messages: Sequence[Message]) -> None:
    """The rows are the queue; a worker is asked to look."""
    Message.objects.bulk_create(messages)
    wake.poke(PUSH_TASK, gather=True)


@part
def send_message(
    *,
    kind: str,
    to: str,
    template: str,
    context: Mapping[str, Value],
    language: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> Message:
    """Compose one message (see there) and queue it. Raises NotAValue."""
    message = compose_message(
        kind=kind, to=to, template=template, context=context, language=language, now=now,
        expires_at=expires_at,
    )  # fmt: skip
    queue_messages([message])
    return message
