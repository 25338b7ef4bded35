from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field


class ContactPoint(models.Model):
    """A phone by which a person is reached and signs in: sealed, found by its index, shown masked.

    Anybody may write down a number; only one person at a time holds it verified. Mail addresses
    live in allauth's EmailAddress; `accounts.queries` answers for both.
    """

    class Kind(models.TextChoices):
        PHONE = "phone", _("phone number")
        MAIL = "mail", _("e-mail address")

    public_id = public_id_field("cpt")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="contact_points",
        verbose_name=_("person"),
    )
    kind = models.CharField(_("kind"), max_length=5, choices=Kind, default=Kind.PHONE)
    sealed = models.BinaryField()
    value_index = models.BinaryField(max_length=32)
    masked = models.CharField(_("value"), max_length=64)
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints = [
            models.UniqueConstraint(
                fields=["value_index", "kind"],
                condition=Q(verified_at__isnull=False),
                name="accounts_contact_one_holder",
            ),
            models.UniqueConstraint(
                fields=["user", "value_index"], name="accounts_contact_once_each"
            ),
        ]

    def __str__(self) -> str:
        return self.masked

    @property
    def context(self) -> str:
        """What the sealed value is bound to."""
        return f"accounts_contactpoint:sealed:{self.public_id}"
