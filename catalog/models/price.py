from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class PriceList(models.Model):
    """A list of prices in one currency; what it does not name comes from the list behind it."""

    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=80)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("falls back to"),
    )

    class Meta:
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                name="catalog_pricelist_no_self",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """What one unit of a SKU costs in a list: from a quantity on, between two moments."""

    price_list = models.ForeignKey(
        PriceList, models.PROTECT, related_name="prices", verbose_name=_("price list")
    )
    sku = models.ForeignKey(
        "catalog.Sku", models.CASCADE, related_name="prices", verbose_name=_("SKU")
    )
    min_quantity = models.PositiveIntegerField(_("from quantity"), default=1)
    amount_minor = models.BigIntegerField(_("price"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    is_locked = models.BooleanField(
        _("set by hand"),
        default=False,
        help_text=_("A locked price is left alone by imports and automatic repricing."),
    )
    note = models.CharField(_("note"), max_length=120, blank=True, default="")

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ["price_list", "min_quantity", "starts_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["price_list", "sku", "min_quantity", "starts_at"],
                nulls_distinct=False,
                name="catalog_price_once",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0), name="catalog_price_not_negative"
            ),
            models.CheckConstraint(condition=Q(min_quantity__gte=1), name="catalog_price_quantity"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True)
                | Q(starts_at__isnull=True)
                | Q(starts_at__lt=F("ends_at")),
                name="catalog_price_dates",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} @ {self.price_list_id}"
