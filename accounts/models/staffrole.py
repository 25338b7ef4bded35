from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(models.TextChoices):
    OWNER = "owner", pgettext_lazy("role", "owner")
    OPERATOR = "operator", _("operator")
    SUPPORT = "support", _("support")
    FINANCE = "finance", _("finance")
    AUDITOR = "auditor", _("auditor")


# A shop starts with two owners made by command: one alone could never give anybody a role.
FOUNDERS = ("first-owner", "second-owner")


class StaffRole(models.Model):
    """A role somebody holds, who gave it, and the approval it rests on. Revoked, never deleted."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="staff_roles",
        verbose_name=_("person"),
    )
    role = models.CharField(_("role"), max_length=12, choices=Role)
    granted_by = models.CharField(_("granted by"), max_length=48)
    # Public id of the approval, or one of FOUNDERS.
    approval = models.CharField(_("approval"), max_length=24)
    granted_at = models.DateTimeField(_("granted at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    revoked_by = models.CharField(_("revoked by"), max_length=48, blank=True, default="")

    class Meta:
        verbose_name = _("staff role")
        verbose_name_plural = _("staff roles")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role"],
                condition=Q(revoked_at__isnull=True),
                name="accounts_role_once",
            ),
            # Each founder is made once in the life of a shop.
            models.UniqueConstraint(
                fields=["approval"],
                condition=Q(approval__in=FOUNDERS),
                name="accounts_founder_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_role_display())
