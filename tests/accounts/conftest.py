"""A telephone and a letter box for tests: they receive what our senders really send."""

import re
from typing import Any

import pytest
from django.core import mail

from accounts.senders import SMS_SENDERS
from accounts.services.push_messages import push_messages
from core import clock


class Telephone:
    """An SMS provider's other end. `fail` makes it lose a text, as providers do."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str, str]] = []
        self.fail: Exception | None = None

    def send(self, *, to: str, text: str, reference: str) -> None:
        if self.fail is not None:
            raise self.fail
        self.texts.append((to, text, reference))


TELEPHONE = Telephone()
SMS_SENDERS.register("telephone", TELEPHONE)


@pytest.fixture
def telephone(settings: Any) -> Telephone:
    settings.SMS_SENDER = "telephone"
    TELEPHONE.texts, TELEPHONE.fail = [], None
    return TELEPHONE


def deliver() -> None:
    """What the worker does."""
    while push_messages(now=clock.now()):
        pass


def code_in(text: str) -> str:
    found = re.search(r"\b(\d{6})\b", text)
    assert found, text
    return found.group(1)


def texted_code(telephone: Telephone) -> str:
    deliver()
    return code_in(telephone.texts[-1][1])


def mailed_code() -> str:
    deliver()
    return code_in(str(mail.outbox[-1].body))
