from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Alert(models.Model):
    """Something a person should look at. It opens when it becomes true and closes when it is over.

    ``facts`` are the figures of the newest look while it is open, and of the last one afterwards.
    """

    class Kind(models.TextChoices):
        RUNS_OUT = "runs_out", _("Stock runs out before a purchase could come")
        OFFER_GONE = "offer_gone", _("The supplier no longer has it")
        COST_ABOVE_PRICE = "cost_above_price", _("It costs more than it is sold for")
        LOW_BALANCE = "low_balance", _("Little money left at a supplier")
        EXPIRING = "expiring", _("Codes expire before they are sold")
        LATE_PURCHASE = "late_purchase", _("A purchase is late")
        SYNC_STALE = "sync_stale", _("A supplier's prices have not been read for long")
        LEAKED = "leaked", _("Codes are known before they are sold")
        SHARED = "shared", _("Codes are opened by several people")
        DEAD = "dead", _("Codes are complained about after they were shown")
        STAFF_LOOKS = "staff_looks", _("Somebody of the staff looks at many codes")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    # `sku:<code>`, `supplier:<code>`, `offer:<key>`, `purchase:<public id>`,
    # `batch:<public id>`, `staff:<public id>`.
    subject = models.CharField(_("about"), max_length=64)
    facts = models.JSONField(_("figures"), default=dict)
    opened_at = models.DateTimeField(_("opened at"))
    seen_at = models.DateTimeField(_("last looked at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(closed_at__isnull=True),
                name="fulfillment_alert_one_open",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=models.F("opened_at")),
                name="fulfillment_alert_ends_after",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"
