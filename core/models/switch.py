from django.db import models
from django.utils.translation import gettext_lazy as _


class SwitchState(models.Model):
    """A kill switch thrown by an operator; without a row the default in code holds."""

    name = models.CharField(max_length=64, primary_key=True)
    on = models.BooleanField()
    note = models.CharField(max_length=200, blank=True, default="")
    changed_by = models.CharField(max_length=48)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("switch")
        verbose_name_plural = _("switches")
