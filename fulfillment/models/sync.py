from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly, LeasedWork


class SupplierSync(LeasedWork):
    """Where the reading of one supplier's list stands. The row is its own queue and its lease."""

    supplier = models.OneToOneField("fulfillment.Supplier", models.CASCADE, related_name="sync")
    # The reading under way: its number, where it goes on, when it began. Empty cursor: at the start.
    reading = models.PositiveIntegerField(_("reading"), default=0)
    cursor = models.CharField(max_length=256, blank=True, default="")
    began_at = models.DateTimeField(null=True, blank=True)
    # The last reading that reached the end of the list.
    whole_at = models.DateTimeField(_("read whole at"), null=True, blank=True)
    page_at = models.DateTimeField(_("last page at"), null=True, blank=True)
    # Goods missing from the last whole reading, held back because they were too many to believe.
    missing = models.PositiveIntegerField(default=0)
    goods = models.PositiveIntegerField(_("goods"), default=0)
    rejected = models.PositiveIntegerField(_("entries not believed"), default=0)
    # Key of why the last call told nothing; empty when it did.
    problem = models.CharField(_("problem"), max_length=80, blank=True, default="")
    balance_minor = models.BigIntegerField(_("their balance"), null=True, blank=True)
    balance_at = models.DateTimeField(_("balance read at"), null=True, blank=True)

    class Meta:
        verbose_name = _("synchronization")
        verbose_name_plural = _("synchronizations")

    def __str__(self) -> str:
        return f"{self.supplier_id}"


class SupplierGood(models.Model):
    """What a supplier's list said of one good, when it was last read. A picture, not a promise."""

    supplier = models.ForeignKey(
        "fulfillment.Supplier", models.CASCADE, db_index=False, related_name="goods"
    )
    supplier_sku = models.CharField(_("supplier's number"), max_length=64)
    name = models.CharField(_("name there"), max_length=200)
    kind = models.CharField(max_length=8)
    cost_minor = models.BigIntegerField(_("cost (minor units)"))
    currency = models.CharField(max_length=3, default="CNY")
    face_minor = models.BigIntegerField(null=True, blank=True)
    # Null: not told, or without limit.
    stock = models.BigIntegerField(_("stock there"), null=True, blank=True)
    on_sale = models.BooleanField(_("on sale there"), default=True)
    as_of = models.DateTimeField(_("as of"))
    # The reading that saw it last, and the place in the list where it stood.
    reading = models.PositiveIntegerField(default=0)
    cursor = models.CharField(max_length=256, blank=True, default="")
    gone_at = models.DateTimeField(_("gone since"), null=True, blank=True)

    class Meta:
        verbose_name = _("supplier's good")
        verbose_name_plural = _("suppliers' goods")
        ordering = ["supplier_id", "supplier_sku"]
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "supplier_sku"], name="fulfillment_good_once"
            ),
            models.CheckConstraint(condition=Q(cost_minor__gt=0), name="fulfillment_good_cost"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_sku} @ {self.supplier_id}"


class SupplyChange(AppendOnly):
    """Something about a supplier's good or our offer changed, and why: the history of a sync."""

    supplier = models.ForeignKey("fulfillment.Supplier", models.CASCADE, db_index=False)
    supplier_sku = models.CharField(_("supplier's number"), max_length=64)
    # None while nothing of ours is sold from it.
    sku = models.ForeignKey("catalog.Sku", models.CASCADE, null=True, blank=True)
    # Key of what happened: new, cost, stock, sale, gone, back, taken, paused, resumed, price, asked.
    what = models.CharField(_("what"), max_length=12)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("change at a supplier")
        verbose_name_plural = _("changes at suppliers")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["supplier", "supplier_sku", "-id"], name="fulfillment_supplychange_of"
            )
        ]

    def __str__(self) -> str:
        return f"{self.supplier_sku} {self.what}"


class CostRule(models.Model):
    """What happens when a SKU's cost rises beyond what its price bears. No row: the offer pauses."""

    class Act(models.TextChoices):
        PAUSE = "pause", _("Stop buying there until it is cheaper")
        REPRICE = "reprice", _("Raise the sale price")
        ASK = "ask", _("Ask a person")

    sku = models.OneToOneField("catalog.Sku", models.CASCADE, related_name="cost_rule")
    act = models.CharField(_("when the cost rises"), max_length=8, choices=Act, default=Act.PAUSE)
    margin_bp = models.PositiveSmallIntegerField(
        _("least margin (1/100 %)"), default=0,
        help_text=_("Share of the sale price that must stay after the cost: 300 is three percent."),
    )  # fmt: skip
    # A ceiling and not a step: many small rises never climb beyond it.
    most_price_minor = models.BigIntegerField(
        _("highest sale price (minor units)"), null=True, blank=True,
        help_text=_("The price is never raised above this by itself. Needed to raise it at all."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("rule for rising costs")
        verbose_name_plural = _("rules for rising costs")
        ordering = ["sku_id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(margin_bp__lte=9000) & (~Q(act="reprice") | Q(most_price_minor__gt=0)),
                name="fulfillment_costrule_sane",
            )
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.act}"
