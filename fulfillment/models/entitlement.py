from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field
from core.transitions import guard
from fulfillment.states import ENTITLEMENT_TRANSITIONS, EntitlementState


class Entitlement(models.Model):
    """What a person owns: one delivered unit in the wallet. A guest's has no owner yet."""

    public_id = public_id_field("ent")
    owner = models.CharField(_("owner"), max_length=24, blank=True, default="")
    reference = models.CharField(_("reference"), max_length=40)
    delivery = models.OneToOneField(
        "fulfillment.Delivery", models.PROTECT, related_name="entitlement"
    )
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_index=False)
    kind = models.CharField(_("kind"), max_length=12)
    state = models.CharField(
        _("state"), max_length=12, choices=EntitlementState, default=EntitlementState.ISSUED
    )
    valid_from = models.DateTimeField(_("valid from"))
    # Empty: no end.
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    created_at = models.DateTimeField(_("received at"))

    class Meta:
        verbose_name = _("entitlement")
        verbose_name_plural = _("entitlements")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["owner", "-id"],
                name="fulfillment_entitlement_owner",
                condition=~Q(owner=""),
            ),
            models.Index(fields=["reference"], name="fulfillment_entitlement_ref"),
        ]
        triggers = [guard(ENTITLEMENT_TRANSITIONS)]

    def __str__(self) -> str:
        return self.public_id
