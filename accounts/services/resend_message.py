from datetime import datetime

from accounts.models import Message
from accounts.services.send_message import PUSH_TASK
from accounts.states import MessageState
from core import audit, transitions, wake
from core.tx import step


@step()
def resend_message(*, message_id: str, by: str, now: datetime) -> bool:
    """Queue a failed or given-up message again. False when it is not in such a state."""
    message = Message.objects.get(public_id=message_id)
    moved = transitions.move(
        Message,
        message.pk,
        from_=[MessageState.FAILED, MessageState.DEAD],
        to=MessageState.QUEUED,
        now=now,
        by=by,
        why="by hand",
        tries=0,
        not_before=now,
    )
    if moved:
        audit.record(tag="message:resent", by=by, subject=message_id, now=now)
        wake.poke(PUSH_TASK)
    return moved
