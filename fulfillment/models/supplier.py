from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from fulfillment.states import SupplierState


class SupplierTerms(models.TextChoices):
    """When a supplier is paid for what we buy."""

    PREPAID = "prepaid", _("Paid in advance")
    CREDIT = "credit", _("On account, paid later")
    CONSIGNMENT = "consignment", _("Paid when sold")


class Supplier(models.Model):
    """One upstream source of goods and how to reach it. Keys are sealed, never shown again."""

    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=80)
    # Key of the adapter in `fulfillment.suppliers.registry`; empty for one without an interface.
    dialect = models.CharField(_("dialect"), max_length=32, blank=True, default="")
    base_url = models.URLField(_("base URL"), blank=True, default="")
    key_id = models.CharField(_("key id"), max_length=64, blank=True, default="")
    # JSON of key id → secret, sealed with context `fulfillment_supplier:credentials:<code>`.
    credentials = models.BinaryField(null=True, blank=True, editable=False)
    # What this connection's dialect leaves open (charset, separator, …); nothing secret.
    options = models.JSONField(_("dialect's options"), default=dict, db_default={}, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    state = models.CharField(
        _("state"), max_length=8, choices=SupplierState, default=SupplierState.ON
    )
    concurrency = models.PositiveSmallIntegerField(_("calls at once"), default=4)
    # Purchases a second; empty for no limit. And the seconds that one call may last in all.
    rate_per_second = models.DecimalField(
        _("purchases a second"), max_digits=7, decimal_places=2, null=True, blank=True
    )
    call_seconds = models.PositiveSmallIntegerField(_("seconds a call"), default=25)
    terms = models.CharField(
        _("terms"), max_length=12, choices=SupplierTerms, default=SupplierTerms.PREPAID,
        db_default=SupplierTerms.PREPAID.value,
    )  # fmt: skip
    # The most we may owe under the terms "on account", in minor units.
    credit_limit_minor = models.BigIntegerField(
        _("credit limit (minor units)"), default=0, db_default=0
    )
    note = models.TextField(_("note"), blank=True, default="")

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        constraints = [
            models.CheckConstraint(
                condition=Q(concurrency__gte=1), name="fulfillment_supplier_concurrency"
            ),
            models.CheckConstraint(
                condition=Q(rate_per_second__isnull=True) | Q(rate_per_second__gt=0),
                name="fulfillment_supplier_rate",
            ),
            models.CheckConstraint(
                condition=Q(call_seconds__gte=1, call_seconds__lte=25),
                name="fulfillment_supplier_call_seconds",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SupplierOffer(models.Model):
    """A supplier can supply a SKU, under its own number, for at most `max_cost_minor` a unit."""

    sku = models.ForeignKey("catalog.Sku", models.PROTECT, related_name="offers")
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="offers")
    supplier_sku = models.CharField(_("supplier's number"), max_length=64)
    cost_minor = models.BigIntegerField(_("cost (minor units)"))
    max_cost_minor = models.BigIntegerField(_("highest cost (minor units)"))
    # Order in which offers are tried after a definite no: smallest first.
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    active = models.BooleanField(_("active"), default=True)
    # A person's own cost: what the supplier's list says changes nothing here.
    cost_locked = models.BooleanField(
        _("cost set by hand"), default=False, db_default=False,
        help_text=_("The supplier's list does not change it; beyond the highest cost it pauses."),
    )  # fmt: skip
    # Why the shop itself does not buy here now: gone, off_sale, no_stock, cost, ask. Empty: it does.
    paused_why = models.CharField(
        _("paused because"), max_length=12, blank=True, default="", db_default="", editable=False
    )
    # Share of the units under the policy "by weight".
    weight = models.PositiveSmallIntegerField(_("weight"), default=1, db_default=1)

    class Meta:
        verbose_name = _("supplier's offer")
        verbose_name_plural = _("suppliers' offers")
        ordering = ["sku_id", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["sku", "supplier", "supplier_sku"], name="fulfillment_offer_once"
            ),
            models.CheckConstraint(
                condition=Q(cost_minor__gte=0, max_cost_minor__gte=0),
                name="fulfillment_offer_cost_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_sku} @ {self.supplier_id}"

    @property
    def currency(self) -> str:
        """Of its costs: its supplier's."""
        return self.supplier.currency
