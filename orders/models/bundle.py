from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly, public_id_field


class OrderBundle(AppendOnly):
    """A bundle as it was sold.

    Its parts are lines of the order like any others, which the road delivers and refunds; this row
    groups them for people, and says how its price was split over them.
    """

    public_id = public_id_field("obn")
    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="bundles")
    position = models.PositiveSmallIntegerField()
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_index=False, related_name="+")
    sku_code = models.CharField(_("SKU"), max_length=64)
    quantity = models.PositiveIntegerField(_("quantity"))
    product_title = models.CharField(_("product"), max_length=200)
    product_title_en = models.CharField(
        _("product in English"), max_length=200, blank=True, default=""
    )
    sku_title = models.CharField(_("variant"), max_length=200)
    sku_title_en = models.CharField(_("variant in English"), max_length=200, blank=True, default="")
    face = models.JSONField(default=dict)
    list_minor = models.BigIntegerField(_("list price (minor units)"))
    unit_minor = models.BigIntegerField(_("unit price (minor units)"))
    paid_minor = models.BigIntegerField(_("paid (minor units)"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    adjustments = models.JSONField(default=list)
    # For one bundle, of each part: line, SKU, units, price alone and share of the bundle's price.
    split = models.JSONField(_("how its price was split"), default=list)

    class Meta(AppendOnly.Meta):
        verbose_name = _("bundle of an order")
        verbose_name_plural = _("bundles of an order")
        ordering = ["order", "position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="orders_bundle_position"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, paid_minor__gte=0),
                name="orders_bundle_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_title} {self.sku_title} x {self.quantity}"
