from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models.product import Sku

MOST_OF_ONE = 20


class Bundle(Sku):
    """A SKU that is several others at one price; what is inside stands in its groups."""

    class Meta:
        proxy = True
        verbose_name = _("bundle")
        verbose_name_plural = _("bundles")


class BundleGroup(models.Model):
    """Goods inside a bundle: all of them, or as many different ones as the buyer chooses."""

    bundle = models.ForeignKey(Sku, models.CASCADE, related_name="groups", verbose_name=_("bundle"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    name = models.CharField(_("name"), max_length=40, blank=True, default="")
    name_en = models.CharField(_("name in English"), max_length=60, blank=True, default="")
    choose = models.PositiveSmallIntegerField(
        _("how many the buyer chooses"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: everything in this group is inside."),
    )

    class Meta:
        verbose_name = _("group of a bundle")
        verbose_name_plural = _("groups of a bundle")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(choose__isnull=True) | Q(choose__gte=1),
                name="catalog_bundlegroup_choose",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{_('group')} {self.position + 1}"


class BundlePart(models.Model):
    """One good of a group, and how many of it."""

    group = models.ForeignKey(
        BundleGroup, models.CASCADE, related_name="parts", verbose_name=_("group"), db_index=False
    )
    sku = models.ForeignKey(Sku, models.PROTECT, related_name="inside", verbose_name=_("SKU"))
    quantity = models.PositiveSmallIntegerField(
        _("quantity"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_OF_ONE)],
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("part of a bundle")
        verbose_name_plural = _("parts of a bundle")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["group", "sku"], name="catalog_bundlepart_once"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MOST_OF_ONE),
                name="catalog_bundlepart_quantity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} x {self.quantity}"
