"""A message is a row first: sealed, sent by the worker, tried again, given up, sent again by hand."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.template.loader import get_template

from accounts.models import Message
from accounts.senders import Refused
from accounts.services.push_messages import TRIES, push_messages
from accounts.services.resend_message import resend_message
from accounts.services.send_message import send_message
from core import clock, crypto
from core.models import AuditEntry, StateChange
from core.rotation import new_data_key, reseal_batch
from tests.accounts.conftest import Telephone, deliver

pytestmark = pytest.mark.django_db

LINK = "https://shop.example.com/orders/ord_X/?t=SECRETTOKEN"


def queue(**changes: Any) -> Message:
    fields = {
        "kind": "mail",
        "to": "ada@example.com",
        "template": "delivered_link",
        "language": "en",
        "context": {"order": "ord_7K2M9QXD4TB8N5VC", "url": LINK},
        "now": clock.now(),
        **changes,
    }
    with transaction.atomic():
        return send_message(**fields)


def state(message: Message) -> str:
    return Message.objects.get(pk=message.pk).state


def test_a_mail_is_sent_once_and_says_who_it_is_about() -> None:
    message = queue()
    deliver()
    deliver()
    assert state(message) == "sent"
    assert len(mail.outbox) == 1
    assert LINK in mail.outbox[0].body
    assert message.public_id in mail.outbox[0].extra_headers["Message-ID"]
    assert StateChange.objects.filter(subject=message.public_id, became="sent").count() == 1


def test_the_row_shows_nothing_private(owner_sql: Callable[..., Any]) -> None:
    message = queue()
    row = str(Message.objects.filter(pk=message.pk).values().get())
    assert "ada@" not in row
    assert "SECRETTOKEN" not in row
    assert bytes(message.sealed).find(b"SECRET") == -1
    assert message.masked == "a***@example.com"


def test_languages_are_the_readers() -> None:
    queue(language="zh-hans")
    queue(language="en", to="bob@example.com")
    deliver()
    chinese, english = mail.outbox
    assert english.subject == "Your order ord_7K2M9QXD4TB8N5VC is delivered"
    assert chinese.subject != english.subject


def test_a_lost_text_is_tried_again_later_with_the_same_reference_and_given_up(
    telephone: Telephone,
) -> None:
    message = queue(kind="sms", to="13800138000")
    telephone.fail = TimeoutError()
    now = clock.now()
    push_messages(now=now)
    assert state(message) == "queued"
    assert push_messages(now=now + timedelta(seconds=1)) == 0, "not before its pause is over"
    telephone.fail = None
    push_messages(now=now + timedelta(minutes=1))
    assert state(message) == "sent"
    assert telephone.texts[0][2] == message.public_id

    lost = queue(kind="sms", to="13800138000")
    telephone.fail = TimeoutError()
    for n in range(1, TRIES + 1):
        push_messages(now=clock.now() + timedelta(days=n))
    assert state(lost) == "dead"


def test_a_definite_no_is_final_until_somebody_sends_it_again(telephone: Telephone) -> None:
    message = queue(kind="sms", to="13800138000")
    telephone.fail = Refused("number does not exist")
    deliver()
    assert state(message) == "failed"
    telephone.fail = None
    assert resend_message(message_id=message.public_id, by="user:usr_X", now=clock.now())
    assert not resend_message(message_id=message.public_id, by="user:usr_X", now=clock.now())
    deliver()
    assert state(message) == "sent"
    assert AuditEntry.objects.filter(tag="message:resent").count() == 1


def test_a_late_code_is_not_sent() -> None:
    now = clock.now()
    message = queue(
        template="sign_in_code", context={"code": "123456"}, expires_at=now + timedelta(minutes=15)
    )
    push_messages(now=now + timedelta(minutes=16))
    assert state(message) == "failed"
    assert not mail.outbox


def test_one_poisoned_message_holds_nobody_up() -> None:
    bad = queue(template="no_such_template")
    good = queue(to="bob@example.com")
    deliver()
    assert state(good) == "sent"
    assert state(bad) == "queued"


@pytest.mark.parametrize(
    "name",
    [
        "sign_in_code",
        "confirm_mail",
        "reset_code",
        "unknown_account",
        "account_exists",
        "security_notice",
        "order_placed",
        "delivered_link",
        "waiting_stock",
        "refund_done",
    ],
)
def test_every_template_has_subject_text_and_page(name: str) -> None:
    for ending in ("subject.txt", "txt", "html"):
        get_template(f"accounts/messages/{name}.{ending}")


@pytest.mark.parametrize(
    "name", ["sign_in_code", "account_exists", "delivered_link", "waiting_stock", "refund_done"]
)
def test_what_goes_to_phones_has_a_text(name: str) -> None:
    get_template(f"accounts/messages/{name}.sms.txt")


def test_a_rotation_reseals_what_waits() -> None:
    message = queue()
    new_data_key()
    assert reseal_batch() >= 1
    message.refresh_from_db()
    assert crypto.sealed_under(message.sealed) == crypto.ensure_data_key()
    deliver()
    assert state(message) == "sent"
