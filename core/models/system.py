from django.db import models
from django.utils.translation import gettext_lazy as _


class ClockOffset(models.Model):
    """Seconds by which tests and the sandbox shift the clock of every process (TEST_HOOKS)."""

    seconds = models.FloatField(default=0)


class CacheVersion(models.Model):
    """A number that grows when what the named process caches hold has changed."""

    name = models.CharField(max_length=64, primary_key=True)
    value = models.BigIntegerField(default=1)


class Duty(models.Model):
    """Work that one process at a time does: who holds it (`token`) and until when at the latest."""

    name = models.CharField(max_length=64, primary_key=True)
    token = models.CharField(max_length=24, blank=True, default="")
    until = models.DateTimeField(null=True)


class Heartbeat(models.Model):
    """When a background part of the shop last showed that it is alive."""

    name = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")
