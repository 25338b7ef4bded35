from django.db import models


class DataKey(models.Model):
    """A data key, wrapped by a key-encryption key that is never in the database (R-VLT-1)."""

    class State(models.TextChoices):
        ACTIVE = "active"
        DECRYPTING = "decrypting"
        RETIRED = "retired"

    wrapped = models.BinaryField()
    kek_id = models.CharField(max_length=16)
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        # One key seals at any moment; the others only open what they sealed.
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="active"), name="core_datakey_one_active"
            )
        ]
