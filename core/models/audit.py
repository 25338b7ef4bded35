from django.db import models
from django.db.models import BigIntegerField, Func
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly


class AuditEntry(AppendOnly):
    """Who did what to which thing, with the values before and after; never a secret."""

    at = models.DateTimeField(_("at"))
    by = models.CharField(_("by"), max_length=48)
    ip = models.CharField(_("address"), max_length=45, blank=True, default="")
    tag = models.CharField(_("act"), max_length=64)
    subject = models.CharField(_("about"), max_length=80)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    # The writing transaction: the sealer only chains rows whose neighbours are all decided.
    xid = models.BigIntegerField(
        db_default=Cast(
            Cast(Func(function="pg_current_xact_id"), models.TextField()), BigIntegerField()
        ),
        editable=False,
    )

    class Meta(AppendOnly.Meta):
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["xid", "id"], name="core_audit_chain"),
            models.Index(fields=["subject", "id"], name="core_audit_subject"),
            models.Index(fields=["at"], name="core_audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.tag} {self.subject}"


class AuditSeal(AppendOnly):
    """A link of the chain: the hash over the previous link and one entry (R-AUD)."""

    seq = models.BigIntegerField(unique=True)
    entry_id = models.BigIntegerField(unique=True)
    entry_xid = models.BigIntegerField()
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        pass
