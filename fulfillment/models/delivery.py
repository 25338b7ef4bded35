from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models.base import LeasedWork, public_id_field
from core.transitions import guard
from fulfillment.states import DELIVERY_TRANSITIONS, DeliveryState


class Delivery(LeasedWork):
    """One unit on its way to its owner. The row is its own queue (`not_before`, lease).

    Units from our own pool are born delivered, in the transaction that takes the money.
    """

    public_id = public_id_field("dlv")
    reference = models.CharField(_("reference"), max_length=40)
    line = models.CharField(_("line"), max_length=40)
    unit = models.PositiveIntegerField(_("unit"))
    owner = models.CharField(_("owner"), max_length=24, blank=True, default="")
    channel = models.CharField(_("channel"), max_length=32)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_index=False)
    kind = models.CharField(_("kind"), max_length=12)
    # JSON of the buyer's inputs, sealed with context `fulfillment_delivery:target:<public_id>`.
    target = models.BinaryField(null=True, editable=False)
    target_masked = models.CharField(
        pgettext_lazy("goods", "recipient"), max_length=120, blank=True, default=""
    )
    # Blind index of the first input (phone, account): finds every delivery to one recipient.
    target_index = models.BinaryField(null=True, editable=False, max_length=32)
    state = models.CharField(
        _("state"), max_length=12, choices=DeliveryState, default=DeliveryState.PENDING
    )
    # What the buyer paid for this unit, as the floor above said it; null when it said nothing.
    paid_minor = models.BigIntegerField(_("paid (minor units)"), null=True, blank=True)
    paid_currency = models.CharField(max_length=3, null=True, blank=True, editable=False)
    cost_minor = models.BigIntegerField(_("cost (minor units)"), null=True, blank=True)
    currency = models.CharField(max_length=3, default="CNY")
    # Key of why it failed or waits for a person; empty otherwise.
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")
    # Who supplied it in the end, and how it was settled when two persons had to.
    supplier = models.ForeignKey(
        "fulfillment.Supplier", models.PROTECT, null=True, blank=True, db_index=False
    )
    supplier_no = models.CharField(_("supplier's number"), max_length=64, blank=True, default="")
    resolved_by = models.CharField(max_length=48, blank=True, default="")
    approval = models.CharField(max_length=24, blank=True, default="")
    created_at = models.DateTimeField(_("created at"))
    # When a person started it over: refusals before that no longer rule an offer out.
    retried_at = models.DateTimeField(_("started over at"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)
    canceled_at = models.DateTimeField(_("canceled at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("taken back at"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["reference", "line", "unit"], name="fulfillment_delivery_unit_once"
            ),
            # A canceled unit stays canceled: no retry can bring it back to life.
            models.CheckConstraint(
                condition=Q(canceled_at__isnull=True) | Q(state=DeliveryState.FAILED),
                name="fulfillment_delivery_canceled_is_final",
            ),
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.DELIVERED) | Q(delivered_at__isnull=False),
                name="fulfillment_delivery_dated",
            ),
        ]
        indexes = [
            # The road's queue.
            models.Index(
                fields=["not_before", "id"],
                name="fulfillment_delivery_due",
                condition=Q(
                    state__in=[
                        DeliveryState.PENDING,
                        DeliveryState.DISPATCHED,
                        DeliveryState.UNKNOWN,
                    ]
                ),
            ),
            # The worker's lanes of purchases: what is due, SKU by SKU.
            models.Index(
                fields=["sku", "not_before", "id"],
                name="fulfillment_delivery_lane",
                condition=Q(state=DeliveryState.PENDING),
            ),
            models.Index(
                fields=["state", "id"],
                name="fulfillment_delivery_trouble",
                condition=Q(
                    state__in=[
                        DeliveryState.UNKNOWN,
                        DeliveryState.MANUAL,
                        DeliveryState.FAILED,
                    ]
                ),
            ),
            models.Index(
                fields=["target_index"],
                name="fulfillment_delivery_target",
                condition=Q(target_index__isnull=False),
            ),
        ]
        triggers = [guard(DELIVERY_TRANSITIONS)]

    def __str__(self) -> str:
        return self.public_id
