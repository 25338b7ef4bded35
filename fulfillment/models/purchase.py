import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field
from core.transitions import guard
from fulfillment.models.batch import CodeBatch
from fulfillment.states import PURCHASE_TRANSITIONS, PurchaseState

SERVICE_LEVELS = [(80, "80 %"), (90, "90 %"), (95, "95 %"), (98, "98 %")]


class PurchaseSource(models.Model):
    """Where codes of a SKU can be bought as a file, at which cost and under which conditions."""

    sku = models.ForeignKey("catalog.Sku", models.PROTECT, related_name="sources")
    supplier = models.ForeignKey(
        "fulfillment.Supplier", models.PROTECT, db_index=False, related_name="sources"
    )
    supplier_sku = models.CharField(_("supplier's number"), max_length=64, blank=True, default="")
    cost_minor = models.BigIntegerField(_("cost per code (minor units)"))
    lead_days = models.PositiveSmallIntegerField(
        _("days until they come"), default=1, help_text=_("From the order to the imported file.")
    )
    review_days = models.PositiveSmallIntegerField(_("days one purchase should last"), default=7)
    service_level = models.PositiveSmallIntegerField(
        _("certainty of not running out"), choices=SERVICE_LEVELS, default=95
    )
    min_units = models.PositiveIntegerField(_("least quantity"), default=1)
    pack_units = models.PositiveIntegerField(_("sold in packs of"), default=1)
    shelf_days = models.PositiveSmallIntegerField(
        _("days of validity on arrival"), default=0, help_text=_("0: they do not expire.")
    )
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("purchase source")
        verbose_name_plural = _("purchase sources")
        ordering = ["sku_id", "cost_minor"]
        constraints = [
            models.UniqueConstraint(fields=["sku", "supplier"], name="fulfillment_source_once"),
            models.CheckConstraint(
                condition=Q(cost_minor__gte=0, min_units__gte=1, pack_units__gte=1)
                & Q(lead_days__lte=60, review_days__gte=1, review_days__lte=180),
                name="fulfillment_source_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} @ {self.supplier_id}"


class Purchase(models.Model):
    """Codes ordered from a supplier; they come as files, whole or in parts, and enter as batches."""

    public_id = public_id_field("pur")
    supplier = models.ForeignKey("fulfillment.Supplier", models.PROTECT, related_name="purchases")
    state = models.CharField(
        _("state"), max_length=8, choices=PurchaseState, default=PurchaseState.DRAFT
    )
    currency = models.CharField(max_length=3, default="CNY")
    paid_from = models.CharField(
        _("paid from"), max_length=8, choices=CodeBatch.PaidFrom, default=CodeBatch.PaidFrom.BANK
    )
    their_no = models.CharField(_("supplier's order number"), max_length=64, blank=True, default="")
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    note = models.TextField(_("note"), max_length=2000, blank=True, default="")
    # Why what came is not what was ordered; a purchase with a difference does not end without it.
    difference_why = models.CharField(_("why it differs"), max_length=200, blank=True, default="")
    created_by = models.CharField(_("by"), max_length=48)
    created_at = models.DateTimeField(_("made at"))
    ordered_at = models.DateTimeField(_("ordered at"), null=True, blank=True)
    received_at = models.DateTimeField(_("received at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[PurchaseState.DRAFT, PurchaseState.CANCELED])
                | Q(ordered_at__isnull=False),
                name="fulfillment_purchase_dated",
            )
        ]
        indexes = [
            models.Index(
                fields=["supplier"],
                name="fulfillment_purchase_open",
                condition=Q(state=PurchaseState.ORDERED),
            )
        ]
        triggers = [guard(PURCHASE_TRANSITIONS)]

    def __str__(self) -> str:
        return self.public_id


class PurchaseLine(models.Model):
    """So many codes of one SKU at this cost. What was agreed is not changed once it is ordered."""

    purchase = models.ForeignKey(Purchase, models.CASCADE, db_index=False, related_name="lines")
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, related_name="purchase_lines")
    units = models.PositiveIntegerField(_("units"))
    cost_minor = models.BigIntegerField(_("cost per code (minor units)"))
    # What the proposal went by: [[key, figures], …]; empty for a line written by hand.
    reasons = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("line of a purchase")
        verbose_name_plural = _("lines of a purchase")
        ordering = ["purchase_id", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["purchase", "sku"], name="fulfillment_purchaseline_once"
            ),
            models.CheckConstraint(
                condition=Q(units__gte=1, cost_minor__gte=0), name="fulfillment_purchaseline_sane"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="agreed",
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                when=pgtrigger.Before,
                func=(
                    "if exists (select 1 from fulfillment_purchase p where p.state <> 'draft'"
                    " and p.id = case tg_op when 'INSERT' then new.purchase_id else old.purchase_id end)"
                    " then raise exception 'the lines of an ordered purchase do not change'; end if;"
                    " if tg_op = 'DELETE' then return old; end if; return new;"
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.units} × {self.sku_id}"

    @property
    def total_minor(self) -> int:
        """What was agreed to be paid, in minor units of the purchase's currency."""
        return self.units * self.cost_minor
