from django.db import models
from django.utils.translation import gettext_lazy as _


class RuleSetting(models.Model):
    """An operator's word on a standing rule; without a row the table in code holds."""

    key = models.CharField(_("rule"), max_length=32, primary_key=True)
    parameters = models.JSONField(_("parameters"), default=dict, blank=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    dry_run = models.BooleanField(_("dry run"), default=False)
    changed_by = models.CharField(_("changed by"), max_length=48)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("rule setting")
        verbose_name_plural = _("rule settings")

    def __str__(self) -> str:
        return self.key
