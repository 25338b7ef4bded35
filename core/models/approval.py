import pgtrigger
from django.db import models
from django.db.models import F, Q

from core.models.base import public_id_field


class Approval(models.Model):
    """A request that takes two persons: one asks, another agrees, it is carried out once."""

    class State(models.TextChoices):
        REQUESTED = "requested"
        EXECUTED = "executed"
        REJECTED = "rejected"
        EXPIRED = "expired"

    public_id = public_id_field("apr")
    action = models.CharField(max_length=64)
    subject = models.CharField(max_length=80)
    payload = models.JSONField()
    payload_sha = models.CharField(max_length=64)
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=12, choices=State, default=State.REQUESTED)
    maker = models.CharField(max_length=48)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    checker = models.CharField(max_length=48, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True, default="")
    executed_at = models.DateTimeField(null=True)
    executed_sha = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["state", "requested_at"], name="core_approval_inbox")]
        constraints = [
            models.CheckConstraint(condition=~Q(checker=F("maker")), name="core_approval_four_eyes"),
            # The same act on the same thing is asked for once at a time.
            models.UniqueConstraint(
                fields=["action", "subject"], condition=Q(state="requested"), name="core_approval_open"
            ),
        ]
        triggers = [
            pgtrigger.FSM(
                name="states", field="state",
                transitions=[("requested", "executed"), ("requested", "rejected"), ("requested", "expired")],
            ),
            # What was asked is what is carried out: nobody edits a request.
            pgtrigger.ReadOnly(
                name="request_fixed",
                fields=["action", "subject", "payload", "payload_sha", "maker", "expires_at"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
