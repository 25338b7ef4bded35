"""A message to a person on its way out."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageState(models.TextChoices):
    QUEUED = "queued", _("queued")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    DEAD = "dead", _("given up")


# Failed: the other side said no for good. Dead: tried often enough. Both may be queued again by hand.
MESSAGE_TRANSITIONS: dict[str, tuple[str, ...]] = {
    MessageState.QUEUED: (MessageState.SENT, MessageState.FAILED, MessageState.DEAD),
    MessageState.FAILED: (MessageState.QUEUED,),
    MessageState.DEAD: (MessageState.QUEUED,),
}
