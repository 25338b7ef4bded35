from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Q

from accounts import senders
from accounts.models import Message
from accounts.rendering import rendered
from accounts.states import MessageState
from core import leases, transitions
from core.tx import step

log = structlog.get_logger(__name__)

# A mail server may take ten seconds; the whole batch stays inside one lease.
BATCH = 5
TRIES = 8
FIRST_PAUSE_SECONDS = 15
SEND = {Message.Kind.MAIL.value: senders.send_mail, Message.Kind.SMS.value: senders.send_sms}


def push_messages(*, now: datetime) -> int:
    """Send what is due, a batch at a time; returns how many rows were taken up.

    Claim, send and mark are three steps: no transaction is open while a server is spoken to. A
    process that dies between sending and marking sends again with the same reference.
    """
    held = leases.claim(
        Message,
        where=Q(state=MessageState.QUEUED),
        limit=BATCH,
        seconds=settings.LEASE_SECONDS,
        now=now,
    )
    for lease in held:
        message = Message.objects.filter(pk=lease.pk, lease_token=lease.token).first()
        if message is not None:
            _push(message, lease, now)
    return len(held)


def _push(message: Message, lease: leases.Lease, now: datetime) -> None:
    if message.expires_at is not None and message.expires_at <= now:
        _finish(message, MessageState.FAILED, now, "too late to be of use")
        return
    try:
        SEND[message.kind](rendered(message))
    except senders.Refused as refusal:
        _finish(message, MessageState.FAILED, now, str(refusal))
    except Exception as error:  # noqa: BLE001  any fault of a carrier is tried again
        _again(message, lease, now, type(error).__name__)
    else:
        _finish(message, MessageState.SENT, now, "")


@step()
def _finish(message: Message, state: MessageState, now: datetime, error: str) -> None:
    sent = {"sent_at": now} if state == MessageState.SENT else {}
    transitions.move(
        Message,
        message.pk,
        from_=[MessageState.QUEUED],
        to=state,
        now=now,
        by="worker",
        why=error,
        last_error=error[:200],
        lease_until=None,
        lease_token="",
        **sent,
    )


def _again(message: Message, lease: leases.Lease, now: datetime, error: str) -> None:
    log.warning("message_not_sent", message=message.public_id, tries=message.tries, error=error)
    if message.tries >= TRIES:
        _finish(message, MessageState.DEAD, now, error)
        return
    pause = timedelta(seconds=FIRST_PAUSE_SECONDS * 2 ** (message.tries - 1))
    Message.objects.filter(pk=message.pk, lease_token=lease.token).update(last_error=error[:200])
    leases.release(Message, lease, not_before=now + pause)
