from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.user import Language
from accounts.states import MESSAGE_TRANSITIONS, MessageState
from core.models.base import LeasedWork, public_id_field
from core.transitions import guard


class Message(LeasedWork):
    """Something to tell a person by mail or SMS; the row is the queue.

    The recipient and the values of the template (which may hold a sign-in code or a link with a
    token) are sealed together; staff see the mask, the template and the state.
    """

    class Kind(models.TextChoices):
        MAIL = "mail", _("e-mail")
        SMS = "sms", _("SMS")

    public_id = public_id_field("msg")
    kind = models.CharField(_("kind"), max_length=4, choices=Kind)
    sealed = models.BinaryField()
    masked = models.CharField(_("recipient"), max_length=64)
    # Index of the recipient: to find somebody's messages, and to erase them on request.
    to_index = models.BinaryField(max_length=32)
    template = models.CharField(_("template"), max_length=40)
    language = models.CharField(
        _("language"), max_length=8, choices=Language, default=Language.CHINESE
    )
    state = models.CharField(
        _("state"), max_length=6, choices=MessageState, default=MessageState.QUEUED
    )
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                name="accounts_message_due",
                condition=Q(state="queued"),
            ),
            models.Index(fields=["-created_at"], name="accounts_message_new"),
            models.Index(fields=["to_index"], name="accounts_message_to"),
        ]
        triggers = [guard(MESSAGE_TRANSITIONS)]

    def __str__(self) -> str:
        return f"{self.template} → {self.masked}"

    @property
    def context(self) -> str:
        """What the sealed value is bound to."""
        return f"accounts_message:sealed:{self.public_id}"
