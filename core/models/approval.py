import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field


class Approval(models.Model):
    """A request that takes two persons: one asks, another agrees, it is carried out once."""

    class State(models.TextChoices):
        REQUESTED = "requested", _("Waiting for a second person")
        EXECUTED = "executed", _("Carried out")
        REJECTED = "rejected", _("Refused")
        EXPIRED = "expired", _("Expired")

    public_id = public_id_field("apr")
    action = models.CharField(_("act"), max_length=64)
    subject = models.CharField(_("about"), max_length=80)
    payload = models.JSONField(_("exactly this"))
    payload_sha = models.CharField(max_length=64)
    reason = models.CharField(_("reason"), max_length=500)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.REQUESTED)
    maker = models.CharField(_("asked by"), max_length=48)
    requested_at = models.DateTimeField(_("asked at"))
    expires_at = models.DateTimeField(_("expires at"))
    checker = models.CharField(_("decided by"), max_length=48, blank=True, default="")
    decided_at = models.DateTimeField(_("decided at"), null=True)
    note = models.CharField(_("note"), max_length=500, blank=True, default="")
    executed_at = models.DateTimeField(_("carried out at"), null=True)
    executed_sha = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        indexes = [models.Index(fields=["state", "requested_at"], name="core_approval_inbox")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(checker=F("maker")), name="core_approval_four_eyes"
            ),
            # The same act on the same thing is asked for once at a time.
            models.UniqueConstraint(
                fields=["action", "subject"],
                condition=Q(state="requested"),
                name="core_approval_open",
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="states",
                field="state",
                transitions=[
                    ("requested", "executed"),
                    ("requested", "rejected"),
                    ("requested", "expired"),
                ],
            ),
            # What was asked is what is carried out: nobody edits a request.
            pgtrigger.ReadOnly(
                name="request_fixed",
                fields=["action", "subject", "payload", "payload_sha", "maker", "expires_at"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
