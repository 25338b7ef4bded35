from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models.rounding import Rounded, on_a_grid
from catalog.pricing import CostRule


class RuleScope(models.TextChoices):
    SKU = "sku", _("One SKU")
    PRODUCT = "product", _("One product")
    CATEGORY = "category", _("A category")
    HEAT = "heat", _("What sells well")
    ALL = "all", _("Everything")


class OnBreach(models.TextChoices):
    ALERT = "alert", _("Leave the price and tell us")
    PAUSE = "pause", _("Stop selling it and tell us")


#: The nearer scope wins, then the lower position.
NEARNESS = [RuleScope.SKU, RuleScope.PRODUCT, RuleScope.CATEGORY, RuleScope.HEAT, RuleScope.ALL]


class PriceRule(Rounded):
    """Prices of a list follow the cost: what is put on top, the grid, and the guard rails."""

    name = models.CharField(_("name"), max_length=60)
    price_list = models.ForeignKey(
        "catalog.PriceList",
        models.PROTECT,
        related_name="rules",
        verbose_name=_("price list"),
        help_text=_("The standing prices of this list are set."),
    )
    scope = models.CharField(
        _("what for"), max_length=8, choices=RuleScope, default=RuleScope.CATEGORY
    )
    sku = models.ForeignKey(
        "catalog.Sku",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="price_rules",
        verbose_name=_("SKU"),
    )
    product = models.ForeignKey(
        "catalog.Product",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="price_rules",
        verbose_name=_("product"),
    )
    category = models.ForeignKey(
        "catalog.Category",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="price_rules",
        verbose_name=_("category"),
    )
    heat_from = models.PositiveIntegerField(
        _("sold of late, from"),
        null=True,
        blank=True,
        help_text=_("For what sells well: products of which so many were sold of late."),
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    markup_bp = models.PositiveIntegerField(
        _("on top of the cost (basis points)"),
        default=0,
        validators=[MaxValueValidator(100_000)],
        help_text=_("500 puts 5 per cent of the cost on top."),
    )
    markup_minor = models.PositiveBigIntegerField(_("on top of the cost"), default=0)
    least_minor = models.PositiveBigIntegerField(_("least price"), null=True, blank=True)
    most_minor = models.PositiveBigIntegerField(_("highest price"), null=True, blank=True)
    step_bp = models.PositiveIntegerField(
        _("farthest in a day (basis points)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(10_000)],
        help_text=_(
            "1000 lets a price go up or down by 10 per cent within 24 hours; the rest follows."
        ),
    )
    cost_jump_bp = models.PositiveIntegerField(
        _("highest rise of the cost (basis points)"),
        null=True,
        blank=True,
        help_text=_("A cost that rises by more at once is not followed until somebody says so."),
    )
    on_breach = models.CharField(
        _("when a guard rail is hit"), max_length=8, choices=OnBreach, default=OnBreach.ALERT
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("cost-plus rule")
        verbose_name_plural = _("cost-plus rules")
        ordering = ["price_list", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope="sku", sku__isnull=False, product=None, category=None)
                | Q(scope="product", product__isnull=False, sku=None, category=None)
                | Q(scope="category", category__isnull=False, sku=None, product=None)
                | Q(scope="heat", heat_from__isnull=False, sku=None, product=None, category=None)
                | Q(scope="all", sku=None, product=None, category=None),
                name="catalog_pricerule_scope",
            ),
            models.CheckConstraint(
                condition=Q(least_minor__isnull=True)
                | Q(most_minor__isnull=True)
                | Q(least_minor__lte=F("most_minor")),
                name="catalog_pricerule_rails",
            ),
            on_a_grid("catalog_pricerule_grid"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def terms(self) -> CostRule:
        """The rule as a plain value."""
        return CostRule(
            self.markup_bp, self.markup_minor, self.grid, self.least_minor, self.most_minor,
            self.step_bp, self.cost_jump_bp,
        )  # fmt: skip


class FollowOutcome(models.TextChoices):
    DUE = "due", _("To be looked at")
    SAME = "same", _("Fits")
    SET = "set", _("Set")
    STEPPED = "stepped", _("On its way")
    LOCKED = "locked", _("Set by hand, left alone")
    COST_JUMP = "cost_jump", _("Cost rose too far")
    OUT_OF_RAILS = "out_of_rails", _("The floor is outside the guard rails")
    NO_COST = "no_cost", _("No cost is known")


#: A person has to look.
TROUBLE = (FollowOutcome.COST_JUMP, FollowOutcome.OUT_OF_RAILS)


class PriceFollow(models.Model):
    """How far one standing price has followed its cost; what is due is found by `due_at`."""

    sku = models.ForeignKey(
        "catalog.Sku", models.CASCADE, related_name="follows", verbose_name=_("SKU")
    )
    price_list = models.ForeignKey(
        "catalog.PriceList",
        models.CASCADE,
        db_index=False,
        related_name="+",
        verbose_name=_("price list"),
    )
    rule = models.ForeignKey(
        PriceRule,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="follows",
        verbose_name=_("rule"),
    )
    outcome = models.CharField(
        _("outcome"), max_length=12, choices=FollowOutcome, default=FollowOutcome.DUE
    )
    cost_minor = models.BigIntegerField(_("cost followed"), null=True, blank=True)
    target_minor = models.BigIntegerField(_("on its way to"), null=True, blank=True)
    # Where the price stood when the running 24 hours began: what a step is measured from.
    day_minor = models.BigIntegerField(null=True, blank=True, editable=False)
    day_at = models.DateTimeField(null=True, blank=True, editable=False)
    looked_at = models.DateTimeField(_("last looked at"), null=True, blank=True)
    due_at = models.DateTimeField(_("looked at again"), null=True, blank=True)

    class Meta:
        verbose_name = _("followed price")
        verbose_name_plural = _("followed prices")
        ordering = ["-looked_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["sku", "price_list"], name="catalog_follow_once")
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="catalog_follow_due", condition=Q(due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} @ {self.price_list_id}"
