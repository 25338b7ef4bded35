from django.db import models

from core.models.base import AppendOnly


class StateChange(AppendOnly):
    """One change of one thing's state: who, when, why. Written in the transaction that made it."""

    entity = models.CharField(max_length=32)
    subject = models.CharField(max_length=40)
    was = models.CharField(max_length=24)
    became = models.CharField(max_length=24)
    at = models.DateTimeField()
    by = models.CharField(max_length=48)
    why = models.CharField(max_length=200, blank=True, default="")

    class Meta(AppendOnly.Meta):
        # Timelines read by subject; nothing else does.
        indexes = [models.Index(fields=["subject", "id"], name="core_statechange_subject")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.was or '∅'} → {self.became}"
