from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models.rounding import Rounded, on_a_grid


class LevelPrice(Rounded):
    """What members from a level up pay: prices of a list of their own, or a share of the price.

    A price under the floor is lifted to the floor when it is asked for, never sold under it.
    """

    level = models.ForeignKey(
        "accounts.MemberLevel",
        models.PROTECT,
        related_name="prices",
        verbose_name=_("from level"),
    )
    channel = models.ForeignKey(
        "catalog.Channel",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="level_prices",
        verbose_name=_("channel"),
        help_text=_("Empty: in every channel of the same currency."),
    )
    price_list = models.ForeignKey(
        "catalog.PriceList",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="level_prices",
        verbose_name=_("price list"),
    )
    share_bp = models.PositiveIntegerField(
        _("share of the price (basis points)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(10_000)],
        help_text=_("9500 is 95 per cent of the price everybody pays."),
    )
    member_day = models.ForeignKey(
        "accounts.MemberDay",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="prices",
        verbose_name=_("only on the member day"),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("level price")
        verbose_name_plural = _("level prices")
        ordering = ["level__rank", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(price_list__isnull=True, share_bp__range=(1, 10_000))
                | Q(price_list__isnull=False, share_bp__isnull=True),
                name="catalog_levelprice_one_way",
            ),
            on_a_grid("catalog_levelprice_grid"),
        ]

    def __str__(self) -> str:
        what = f"{self.share_bp / 100:g} %" if self.share_bp else str(self.price_list)
        return f"{self.level}: {what}"
