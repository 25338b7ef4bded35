from django.db import models
from django.db.models import Q

from core.models.base import AppendOnly


class OutboxEvent(models.Model):
    """A fact on its way up, written in the publisher's transaction."""

    topic = models.CharField(max_length=64)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True, default="")
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # The relay's queue: only what is still to be told.
            models.Index(
                fields=["not_before", "id"], name="core_outbox_due",
                condition=Q(done_at__isnull=True, dead_at__isnull=True),
            )
        ]


class OutboxReceipt(AppendOnly):
    """This handler has had its effect for this event: at most once, by the unique key."""

    event_id = models.BigIntegerField()
    handler = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        constraints = [
            models.UniqueConstraint(fields=["event_id", "handler"], name="core_receipt_once")
        ]
