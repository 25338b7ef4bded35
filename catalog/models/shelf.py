from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.naming import named


class Category(models.Model):
    """A shelf of the shop."""

    slug = models.SlugField(_("slug"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=40, unique=True)
    name_en = models.CharField(_("name in English"), max_length=60)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("under"),
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    is_visible = models.BooleanField(_("visible"), default=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return named(self)


class Brand(models.Model):
    """Whose goods they are; the hue draws the card face."""

    slug = models.SlugField(_("slug"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=40, unique=True)
    name_en = models.CharField(_("name in English"), max_length=60)
    hue = models.PositiveSmallIntegerField(
        _("hue"),
        validators=[MaxValueValidator(355)],
        help_text=_(
            "Color of the card face, 0 to 355 in steps of five: 25 red, 90 gold, 145 green, 255 blue."
        ),
    )
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")
        ordering = ["position", "name"]
        constraints = [models.CheckConstraint(condition=Q(hue__lt=360), name="catalog_brand_hue")]

    def __str__(self) -> str:
        return named(self)


class Tag(models.Model):
    """A word put on goods: hot, new, or whatever a campaign needs."""

    slug = models.SlugField(_("slug"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=24, unique=True)
    name_en = models.CharField(_("name in English"), max_length=32)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return named(self)
