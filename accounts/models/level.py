from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.days import DayRule
from core.naming import named


class MemberLevel(models.Model):
    """A level of membership as data: what it takes, how long it holds, what it gives.

    Growth counts whole units of money spent and kept. A level without growth is everybody's who
    signs in. Level prices are rows of the floor above.
    """

    rank = models.PositiveSmallIntegerField(
        _("rank"), unique=True, validators=[MinValueValidator(1), MaxValueValidator(99)]
    )
    name = models.CharField(_("name"), max_length=24)
    name_en = models.CharField(_("name in English"), max_length=32)
    growth_needed = models.PositiveBigIntegerField(_("growth it takes"))
    validity_days = models.PositiveIntegerField(
        _("valid for days"), default=365, validators=[MinValueValidator(1)]
    )
    grace_days = models.PositiveIntegerField(_("days of grace"), default=30)
    early_hours = models.PositiveSmallIntegerField(
        _("early access (hours)"),
        default=0,
        help_text=_("So long before everybody else, what starts on a date can be bought."),
    )
    service_queue = models.SlugField(
        _("service queue"),
        max_length=32,
        blank=True,
        default="",
        help_text=_(
            "The queue at customer service that is this level's own; empty for the common."
        ),
    )
    hue = models.PositiveSmallIntegerField(
        _("hue"), default=25, validators=[MaxValueValidator(355)]
    )
    is_active = models.BooleanField(_("active"), default=True)
    changed_at = models.DateTimeField(_("changed at"), editable=False)

    class Meta:
        verbose_name = _("member level")
        verbose_name_plural = _("member levels")
        ordering = ["rank"]
        constraints = [
            models.CheckConstraint(
                condition=Q(rank__gte=1, validity_days__gte=1), name="accounts_level_sense"
            )
        ]

    def __str__(self) -> str:
        return named(self)


class MemberDay(models.Model):
    """A day that comes again, on which purchases of members grow faster, or cost less.

    `growth_bp` is applied to the growth of what is bought that day: 20000 doubles it.
    """

    name = models.CharField(_("name"), max_length=40)
    name_en = models.CharField(_("name in English"), max_length=60)
    weekday = models.PositiveSmallIntegerField(
        _("weekday"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(7)],
        help_text=_("1 is Monday, 7 is Sunday. Either a weekday or a day of the month."),
    )
    month_day = models.PositiveSmallIntegerField(
        _("day of the month"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text=_("A shorter month has its last day instead."),
    )
    growth_bp = models.PositiveIntegerField(
        _("growth (basis points)"),
        default=10_000,
        validators=[MinValueValidator(10_000), MaxValueValidator(100_000)],
        help_text=_("10000 counts purchases once, 20000 twice."),
    )
    from_rank = models.PositiveSmallIntegerField(_("from level"), default=1)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("member day")
        verbose_name_plural = _("member days")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weekday__isnull=True, month_day__range=(1, 31))
                | Q(month_day__isnull=True, weekday__range=(1, 7)),
                name="accounts_memberday_one_day",
            )
        ]

    def __str__(self) -> str:
        return named(self)

    @property
    def rule(self) -> DayRule:
        """The day as a plain value."""
        return DayRule(self.weekday, self.month_day)
