from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field
from core.transitions import guard
from fulfillment.states import CONSIGNED_TRANSITIONS, ConsignedState


class Consignment(models.Model):
    """Codes that an outside channel has as a file and sells itself: each is known and accounted for."""

    public_id = public_id_field("con")
    sku = models.ForeignKey("catalog.Sku", models.PROTECT)
    channel = models.CharField(_("channel"), max_length=32)
    export = models.OneToOneField(
        "fulfillment.CodeExport", models.PROTECT, related_name="consignment"
    )
    created_at = models.DateTimeField(_("handed over at"))

    class Meta:
        verbose_name = _("consignment")
        verbose_name_plural = _("consignments")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.public_id


class ConsignedUnit(models.Model):
    """One code with an outside channel, until it is reported sold or comes back."""

    consignment = models.ForeignKey(
        Consignment, models.PROTECT, db_index=False, related_name="units"
    )
    code = models.ForeignKey("fulfillment.Code", models.PROTECT, related_name="consigned")
    # Keyed hash of what a report names the code by: its number, or the secret when it has none.
    name_index = models.BinaryField(max_length=32, editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=ConsignedState, default=ConsignedState.OUT
    )
    # Their order, as they report it.
    external_no = models.CharField(_("their order"), max_length=64, blank=True, default="")
    changed_at = models.DateTimeField(_("last change"))

    class Meta:
        verbose_name = _("consigned code")
        verbose_name_plural = _("consigned codes")
        constraints = [
            models.UniqueConstraint(
                fields=["consignment", "name_index"], name="fulfillment_consigned_name"
            ),
            models.UniqueConstraint(
                fields=["code"], name="fulfillment_consigned_once",
                condition=~Q(state=ConsignedState.RETURNED),
            ),
        ]  # fmt: skip
        triggers = [guard(CONSIGNED_TRANSITIONS)]

    def __str__(self) -> str:
        return f"{self.consignment_id}: {self.state}"
