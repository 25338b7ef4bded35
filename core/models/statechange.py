from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly


class StateChange(AppendOnly):
    """One change of one thing's state: who, when, why. Written in the transaction that made it."""

    entity = models.CharField(_("kind of thing"), max_length=32)
    subject = models.CharField(_("about"), max_length=40)
    was = models.CharField(_("was"), max_length=24)
    became = models.CharField(_("became"), max_length=24)
    at = models.DateTimeField(_("at"))
    by = models.CharField(_("by"), max_length=48)
    why = models.CharField(_("why"), max_length=200, blank=True, default="")

    class Meta(AppendOnly.Meta):
        verbose_name = _("state change")
        verbose_name_plural = _("state changes")
        # Timelines read by subject; nothing else does.
        indexes = [models.Index(fields=["subject", "id"], name="core_statechange_subject")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.was or '∅'} → {self.became}"
