from django.db import models


class IdempotencyKey(models.Model):
    """A request that may be sent twice and must have its effect once (R-IDM)."""

    scope = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    response = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "key"], name="core_idempotency_once")
        ]
