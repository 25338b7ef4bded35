from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly


class OutboxEvent(models.Model):
    """A fact on its way up, written in the publisher's transaction."""

    topic = models.CharField(_("event"), max_length=64)
    payload = models.JSONField()
    created_at = models.DateTimeField(_("created at"))
    not_before = models.DateTimeField(_("not before"))
    tries = models.PositiveIntegerField(_("tries"), default=0)
    last_error = models.CharField(_("last error"), max_length=200, blank=True, default="")
    done_at = models.DateTimeField(_("told at"), null=True)
    dead_at = models.DateTimeField(_("given up at"), null=True)

    class Meta:
        verbose_name = _("fact to tell")
        verbose_name_plural = _("facts to tell")
        indexes = [
            # The relay's queue: only what is still to be told.
            models.Index(
                fields=["not_before", "id"],
                name="core_outbox_due",
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
