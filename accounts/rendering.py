"""From a queued message to words in the reader's language."""

import json

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import Message
from accounts.senders import Rendered
from core.crypto import unseal

FOLDER = "accounts/messages"


def rendered(message: Message) -> Rendered:
    """Open the sealed part and render it. Mail has a subject, a text and a page; SMS one line."""
    body = json.loads(unseal(message.sealed, context=message.context).reveal())
    context = {**body["context"], "shop_url": settings.SITE_URL}
    stem = f"{FOLDER}/{message.template}"
    with translation.override(message.language):
        if message.kind == Message.Kind.SMS:
            text = render_to_string(f"{stem}.sms.txt", context)
            return Rendered(message.public_id, body["to"], "", " ".join(text.split()))
        return Rendered(
            reference=message.public_id,
            to=body["to"],
            subject=render_to_string(f"{stem}.subject.txt", context),
            text=render_to_string(f"{stem}.txt", context).strip() + "\n",
            html=render_to_string(f"{stem}.html", context),
        )
