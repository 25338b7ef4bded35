from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field
from core.naming import named


class Channel(models.Model):
    """Where goods are sold: the main shop, a sub-store, a marketplace. Stands on every order."""

    public_id = public_id_field("chn")
    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80)
    hosts = ArrayField(
        models.CharField(max_length=253),
        verbose_name=_("hosts"),
        default=list,
        blank=True,
        help_text=_("Host names that open this channel, separated by commas."),
    )
    path_prefix = models.CharField(
        _("path prefix"),
        max_length=40,
        blank=True,
        default="",
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9/-]*[a-z0-9]$")],
        help_text=_(
            "Opens this channel under a path, such as s/corner-shop. Without slashes at the ends."
        ),
    )
    theme = models.SlugField(_("theme"), max_length=32, blank=True, default="")
    price_list = models.ForeignKey(
        "catalog.PriceList", models.PROTECT, related_name="channels", verbose_name=_("price list")
    )
    commission_reserve_bp = models.PositiveIntegerField(
        _("commission reserve (basis points)"),
        default=0,
        validators=[MaxValueValidator(10_000)],
        help_text=_("Share of the price kept free for commission: 100 is one percent."),
    )
    is_default = models.BooleanField(_("default channel"), default=False, editable=False)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["-is_default", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"],
                condition=Q(is_default=True),
                name="catalog_channel_one_default",
            ),
            models.UniqueConstraint(
                fields=["path_prefix"],
                condition=~Q(path_prefix=""),
                name="catalog_channel_prefix_once",
            ),
            models.CheckConstraint(
                condition=Q(commission_reserve_bp__lte=10_000), name="catalog_channel_reserve_share"
            ),
        ]

    def __str__(self) -> str:
        return named(self)
