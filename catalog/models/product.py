from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models.shelf import Brand, Category, Tag
from catalog.models.type import ProductType
from catalog.states import (
    PRODUCT_TRANSITIONS,
    Availability,
    ProductState,
    StockMode,
    ValidityKind,
    WhoMayBuy,
)
from core.models.base import public_id_field
from core.naming import named
from core.transitions import guard


class Product(models.Model):
    """A thing in the shop; its SKUs are what is bought."""

    public_id = public_id_field("prd")
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=120)
    category = models.ForeignKey(
        Category, models.PROTECT, related_name="products", verbose_name=_("category")
    )
    brand = models.ForeignKey(
        Brand, models.PROTECT, related_name="products", verbose_name=_("brand")
    )
    product_type = models.ForeignKey(
        ProductType, models.PROTECT, related_name="products", verbose_name=_("type")
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="products", verbose_name=_("tags"))
    state = models.CharField(
        _("state"), max_length=12, choices=ProductState, default=ProductState.DRAFT, editable=False
    )
    on_sale_from = models.DateTimeField(_("on sale from"), null=True, blank=True)
    on_sale_until = models.DateTimeField(_("on sale until"), null=True, blank=True)
    summary = models.CharField(_("summary"), max_length=160, blank=True, default="")
    summary_en = models.CharField(_("summary in English"), max_length=240, blank=True, default="")
    guide = models.TextField(_("usage guide"), max_length=4000, blank=True, default="")
    guide_en = models.TextField(
        _("usage guide in English"), max_length=4000, blank=True, default=""
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    # A read-model: units sold of late, written by whoever counts sales; only the hot order uses it.
    popularity = models.PositiveIntegerField(_("popularity"), default=0, editable=False)
    created_at = models.DateTimeField(_("created"), editable=False)

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(on_sale_from__isnull=True)
                | Q(on_sale_until__isnull=True)
                | Q(on_sale_from__lt=F("on_sale_until")),
                name="catalog_product_dates",
            ),
            models.CheckConstraint(
                condition=~Q(state="scheduled") | Q(on_sale_from__isnull=False),
                name="catalog_product_scheduled_when",
            ),
        ]
        indexes = [
            # The minute's work of `advance_states`: what is waiting for a date.
            models.Index(fields=["state", "on_sale_from"], name="catalog_product_starting"),
            models.Index(fields=["state", "on_sale_until"], name="catalog_product_ending"),
        ]
        triggers = [guard(PRODUCT_TRANSITIONS)]

    def __str__(self) -> str:
        return named(self)


class Sku(models.Model):
    """What is bought: a month card, a hundred yuan. Its code is the word used with suppliers."""

    public_id = public_id_field("sku")
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="skus", verbose_name=_("product")
    )
    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    name_en = models.CharField(_("name in English"), max_length=80)
    is_active = models.BooleanField(_("offered"), default=True)
    position = models.PositiveIntegerField(_("position"), default=0)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    face_value_minor = models.BigIntegerField(_("face value"), null=True, blank=True)
    market_price_minor = models.BigIntegerField(_("market price"), null=True, blank=True)
    advertised_minimum_minor = models.BigIntegerField(
        _("lowest advertised price"), null=True, blank=True
    )
    # Read-models written by fulfillment when a threshold is crossed, never per sale.
    cost_minor = models.BigIntegerField(_("cost"), null=True, blank=True)
    # Its cost left the guard rails of its rule, and the rule says to stop: `services/follow_cost.py`.
    price_hold = models.BooleanField(
        _("stopped by its cost"), default=False, db_default=False, editable=False
    )
    availability = models.CharField(
        _("availability"),
        max_length=4,
        choices=Availability,
        default=Availability.IN,
        editable=False,
    )
    stock_mode = models.CharField(_("stock"), max_length=12, choices=StockMode)
    validity_kind = models.CharField(
        _("validity"), max_length=16, choices=ValidityKind, default=ValidityKind.NONE
    )
    validity_days = models.PositiveIntegerField(_("valid for days"), null=True, blank=True)
    validity_months = models.PositiveIntegerField(_("valid for months"), null=True, blank=True)
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    limit_per_order = models.PositiveIntegerField(_("limit per order"), default=10)
    limit_per_buyer = models.PositiveIntegerField(_("limit per buyer"), null=True, blank=True)
    limit_per_phone = models.PositiveIntegerField(_("limit per phone"), null=True, blank=True)
    limit_per_day = models.PositiveIntegerField(_("limit per buyer and day"), null=True, blank=True)
    who_may_buy = models.CharField(
        _("who may buy"), max_length=12, choices=WhoMayBuy, default=WhoMayBuy.EVERYONE
    )
    minimum_level = models.PositiveSmallIntegerField(_("member level from"), default=0)

    class Meta:
        verbose_name = _("SKU")
        verbose_name_plural = _("SKUs")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(limit_per_order__gte=1) & Q(limit_per_order__lte=1000),
                name="catalog_sku_order_limit",
            ),
            models.CheckConstraint(
                condition=(Q(cost_minor__isnull=True) | Q(cost_minor__gte=0))
                & (Q(face_value_minor__isnull=True) | Q(face_value_minor__gte=0))
                & (Q(market_price_minor__isnull=True) | Q(market_price_minor__gte=0))
                & (Q(advertised_minimum_minor__isnull=True) | Q(advertised_minimum_minor__gte=0)),
                name="catalog_sku_money",
            ),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_from__lte=F("valid_until")),
                name="catalog_sku_window",
            ),
        ]

    def __str__(self) -> str:
        return self.code
