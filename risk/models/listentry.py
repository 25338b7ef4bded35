from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field
from risk.values import Kind


class ListEntry(models.Model):
    """Somebody who is always stopped, or never counted, until a date or until it is taken out.

    The value itself is not kept: an index finds it, a mask shows it.
    """

    class List(models.TextChoices):
        BLOCK = "block", _("block")
        ALLOW = "allow", _("allow")

    public_id = public_id_field("lst")
    list = models.CharField(_("list"), max_length=5, choices=List)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    value_index = models.BinaryField(max_length=32)
    masked = models.CharField(_("value"), max_length=120)
    # Length of a network; 0 for everything that is looked up as it is.
    prefix = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(_("reason"), max_length=200)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
    created_by = models.CharField(_("created by"), max_length=48)
    created_at = models.DateTimeField(_("created at"))
    removed_at = models.DateTimeField(_("removed at"), null=True, blank=True)
    removed_by = models.CharField(_("removed by"), max_length=48, blank=True, default="")

    class Meta:
        verbose_name = _("list entry")
        verbose_name_plural = _("list entries")
        constraints = [
            models.UniqueConstraint(
                fields=["value_index", "kind", "list"],
                condition=Q(removed_at__isnull=True),
                name="risk_listentry_once",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=models.F("created_at")),
                name="risk_listentry_expires_later",
            ),
        ]
        indexes = [models.Index(fields=["-created_at"], name="risk_listentry_new")]

    def __str__(self) -> str:
        return f"{self.get_list_display()} {self.masked}"
