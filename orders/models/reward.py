"""What people are given for something they did, and how a programme says what that is."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import public_id_field
from core.naming import named
from orders.states import REWARD_STEPS, RewardState


class RewardKind(models.TextChoices):
    NONE = "none", _("Nothing")
    POINTS = "points", _("Points")
    COUPON = "coupon", _("A coupon")


class Budgeted(models.Model):
    """A programme with dates, a switch, and an end of what it may give.

    Budgets are counted through core.limits under `reward:<public id>:…`: how many, points, money.
    """

    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80, blank=True, default="")
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    is_active = models.BooleanField(_("switched on"), default=False)
    most_times = models.PositiveIntegerField(
        _("rewards in all"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    most_points = models.PositiveIntegerField(
        _("points in all"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    most_minor = models.PositiveBigIntegerField(
        _("worth of coupons in all (minor units)"), null=True, blank=True,
        help_text=_("Empty: no limit."),
    )  # fmt: skip
    points_days = models.PositiveSmallIntegerField(
        _("points are good for days"), null=True, blank=True, default=365
    )
    created_at = models.DateTimeField(_("made at"), editable=False)
    created_by = models.CharField(_("made by"), max_length=48, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return named(self)


def dates_rightly(name: str) -> models.CheckConstraint:
    """That a programme starts before it ends."""
    return models.CheckConstraint(
        condition=Q(starts_at__isnull=True)
        | Q(ends_at__isnull=True)
        | Q(starts_at__lt=F("ends_at")),
        name=name,
    )


class Reward(models.Model):
    """Something given to somebody for one cause, once for ever by its key; perhaps taken back."""

    public_id = public_id_field("rwd")
    key = models.CharField(max_length=96, unique=True, editable=False)
    owner = models.CharField(_("owner"), max_length=24)
    # Public ids: the programme, packet template or task; and the invitation, share or claim.
    source = models.CharField(_("by which programme"), max_length=24)
    subject = models.CharField(_("for what"), max_length=24)
    kind = models.CharField(_("kind"), max_length=8, choices=RewardKind)
    points = models.PositiveIntegerField(_("points"), default=0)
    promotion = models.ForeignKey(
        "orders.Promotion", models.PROTECT, null=True, blank=True, db_index=False,
        related_name="+", verbose_name=_("promotion"),
    )  # fmt: skip
    coupon = models.CharField(_("coupon"), max_length=24, blank=True, default="")
    worth_minor = models.PositiveIntegerField(_("worth (minor units)"), default=0)
    # Budgets it took, by key: they come back with it.
    budgets = models.JSONField(default=dict, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=RewardState, default=RewardState.GIVEN
    )
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("given at"))

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(kind="points", points__gt=0, coupon="", promotion__isnull=True))
                | (Q(kind="coupon", points=0, promotion__isnull=False) & ~Q(coupon="")),
                name="orders_reward_what",
            )
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], name="orders_reward_owner"),
            models.Index(fields=["subject"], name="orders_reward_subject"),
            models.Index(fields=["source"], name="orders_reward_source"),
        ]
        triggers = [
            transitions.guard(REWARD_STEPS),
            pgtrigger.ReadOnly(
                name="orders_reward_fixed",
                fields=[
                    "public_id", "key", "owner", "source", "subject", "kind", "points",
                    "promotion", "coupon", "worth_minor", "budgets", "created_at",
                ],
            ),
            pgtrigger.Protect(name="orders_reward_kept", operation=pgtrigger.Delete),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.public_id
