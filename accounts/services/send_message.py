import json
from collections.abc import Mapping
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
    """Queue a message; a worker renders `accounts/messages/<template>` and sends it.

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
    message.save(force_insert=True)
    wake.poke(PUSH_TASK)
    return message
