from django.db import models

from core.models.base import public_id_field


class SealedSecret(models.Model):
    """A seed of a second factor. allauth's own row only holds this one's public id."""

    public_id = public_id_field("sct")
    sealed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.public_id

    @property
    def context(self) -> str:
        """What the sealed value is bound to."""
        return f"accounts_sealedsecret:sealed:{self.public_id}"
