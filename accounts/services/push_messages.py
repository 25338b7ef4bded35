import time
from collections.abc import Sequence
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

BATCH = 20
# So many may be sent twice when a process dies between sending and marking.
MARK = 4
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
    until = time.monotonic() + settings.LEASE_SECONDS / 3
    messages = Message.objects.in_bulk([lease.pk for lease in held])
    sent: list[Message] = []
    for lease in held:
        # A mail server may take ten seconds: what does not fit into the lease is somebody else's.
        if time.monotonic() > until:
            leases.release(Message, lease, not_before=now)
        elif _push(messages[lease.pk], lease, now):
            sent.append(messages[lease.pk])
        if len(sent) == MARK or (sent and lease is held[-1]):
            _finish(sent, MessageState.SENT, now, "")
            sent = []
    return len(held)


def _push(message: Message, lease: leases.Lease, now: datetime) -> bool:
    """Whether it was sent; what was not is marked here."""
    if message.expires_at is not None and message.expires_at <= now:
        _finish([message], MessageState.FAILED, now, "too late to be of use")
        return False
    try:
        SEND[message.kind](rendered(message))
    except senders.Refused as refusal:
        _finish([message], MessageState.FAILED, now, str(refusal))
        return False
    except Exception as error:  # noqa: BLE001  any fault of a carrier is tried again
        _again(message, lease, now, type(error).__name__)
        return False
    return True


@step()
def _finish(messages: Sequence[Message], state: MessageState, now: datetime, error: str) -> None:
    sent = {"sent_at": now} if state == MessageState.SENT else {}
    transitions.move_many(
        Message,
        [message.pk for message in messages],
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
        _finish([message], MessageState.DEAD, now, error)
        return
    pause = timedelta(seconds=FIRST_PAUSE_SECONDS * 2 ** (message.tries - 1))
    Message.objects.filter(pk=message.pk, lease_token=lease.token).update(last_error=error[:200])
    leases.release(Message, lease, not_before=now + pause)
