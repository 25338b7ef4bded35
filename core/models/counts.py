from django.db import models
from django.db.models import Q


class LimitCount(models.Model):
    """How often something happened in its window, or how much of a budget is taken."""

    key = models.CharField(max_length=120, primary_key=True)
    window = models.BigIntegerField(default=0)
    used = models.IntegerField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(used__gte=0), name="core_limit_not_negative")
        ]
        indexes = [models.Index(fields=["expires_at"], name="core_limit_expiry")]
