from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import public_id_field
from core.naming import named
from orders.states import PLAN_STEPS, PlanState
from orders.subscriptions.terms import DAY, MONTH

UNITS = [(MONTH, _("months")), (DAY, _("days"))]


class Plan(models.Model):
    """A good that is sold period by period. Who subscribes gets a copy of these terms."""

    public_id = public_id_field("pln")
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80, blank=True, default="")
    sku = models.ForeignKey(
        "catalog.Sku", models.PROTECT, related_name="+", verbose_name=_("good of each period")
    )
    # Plans of one family may be exchanged for a dearer one.
    family = models.CharField(
        _("family"), max_length=32, blank=True, default="",
        help_text=_("Subscribers may change to a dearer plan of the same family."),
    )  # fmt: skip
    # What all subscribers together may be given under the floor of prices, gifts included.
    budget_minor = models.BigIntegerField(
        _("subsidy budget (minor units)"), default=0, validators=[MinValueValidator(0)],
        help_text=_("For prices under the floor and for gifts. Two persons agree to it."),
    )  # fmt: skip
    # Hash of the terms the plan was opened with; other terms are not on sale.
    terms_sha = models.CharField(max_length=64, blank=True, default="", editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=PlanState, default=PlanState.DRAFT, editable=False
    )
    state_at = models.DateTimeField(_("in this state since"), editable=False)
    created_at = models.DateTimeField(_("made at"), editable=False)
    created_by = models.CharField(_("made by"), max_length=48, editable=False)

    class Meta:
        verbose_name = _("subscription plan")
        verbose_name_plural = _("subscription plans")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(budget_minor__gte=0), name="orders_plan_budget")
        ]
        triggers = [transitions.guard(PLAN_STEPS)]

    def __str__(self) -> str:
        return named(self)


class PlanPhase(models.Model):
    """So many periods at one price, one phase after another."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="phases")
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    periods = models.PositiveSmallIntegerField(
        _("periods"), null=True, blank=True, validators=[MinValueValidator(1)],
        help_text=_("Empty: until canceled"),
    )  # fmt: skip
    length = models.PositiveSmallIntegerField(
        _("length"), default=1, validators=[MinValueValidator(1), MaxValueValidator(366)]
    )
    unit = models.CharField(_("of a period"), max_length=5, choices=UNITS, default=MONTH)
    price_minor = models.BigIntegerField(
        _("price (minor units)"), validators=[MinValueValidator(0)]
    )
    gift = models.ForeignKey(
        "catalog.Sku", models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("gift"),
    )  # fmt: skip
    gift_units = models.PositiveSmallIntegerField(
        _("units"), default=1, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    gift_each = models.BooleanField(_("with each period"), default=False)
    newcomers = models.BooleanField(
        _("only for newcomers"), default=False,
        help_text=_("Left out for people who have had this plan before."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("phase")
        verbose_name_plural = _("phases")
        ordering = ["plan", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(price_minor__gte=0, length__gte=1, gift_units__gte=1),
                name="orders_phase_amounts",
            ),
            models.CheckConstraint(
                condition=Q(periods__isnull=True) | Q(periods__gte=1), name="orders_phase_periods"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}/{self.position}"
