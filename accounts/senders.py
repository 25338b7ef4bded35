"""Who carries messages out. An SMS provider is an adapter registered here and named in SMS_SENDER."""

import re
import smtplib
import sys
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from core.sockets import Socket
from core.tx import refuse_in_transaction


class Refused(Exception):
    """The other side said no for good: trying again changes nothing."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in words. `reference` is the same on every try, so that a carrier can tell."""

    reference: str
    to: str
    subject: str
    text: str
    html: str = ""


class SmsSender(Protocol):
    """Sends one text. Raises Refused for a definite no; anything else is tried again."""

    def send(self, *, to: str, text: str, reference: str) -> None: ...


SMS_SENDERS: Socket[SmsSender] = Socket("SMS senders")


class ConsoleSms:
    """For the try-out: prints what a provider would send, to the terminal and nowhere else."""

    def send(self, *, to: str, text: str, reference: str) -> None:
        sys.stdout.write(f"\n--- SMS {reference} to {to}\n{text}\n---\n")
        sys.stdout.flush()


SMS_SENDERS.register("console", ConsoleSms())


def send_sms(message: Rendered) -> None:
    """By the provider named in SMS_SENDER."""
    refuse_in_transaction("SMS")
    SMS_SENDERS.get(settings.SMS_SENDER).send(
        to=message.to, text=message.text, reference=message.reference
    )


def send_mail(message: Rendered) -> None:
    """By Django's mail back end. Raises Refused when the server refuses the recipient for good."""
    refuse_in_transaction("mail")
    mail = EmailMultiAlternatives(
        subject=re.sub(r"\s+", " ", message.subject).strip(),
        body=message.text,
        to=[message.to],
        headers={
            "Message-ID": f"<{message.reference}@{_domain()}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        if all(code >= 550 for code, _ in error.recipients.values()):  # noqa: PLR2004  SMTP: permanent
            raise Refused("the recipient does not exist") from error
        raise


def _domain() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
