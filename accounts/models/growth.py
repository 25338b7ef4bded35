from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly


class Membership(models.Model):
    """Where a person stands: a copy of what their entries sum to, and the level that rests on it.

    `needed` is what the level took when it was reached, so that dearer levels take nothing away
    before the validity is over. `lapsed_before`: growth earned before it has fallen away already.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="membership",
        verbose_name=_("person"),
    )
    rank = models.PositiveSmallIntegerField(_("level"), default=0)
    growth = models.BigIntegerField(_("growth"), default=0)
    needed = models.BigIntegerField(_("growth it took"), default=0)
    since = models.DateTimeField(_("since"))
    period_start = models.DateTimeField(_("counted from"))
    ends_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    lapsed_before = models.DateTimeField(null=True, blank=True, editable=False)
    # The standing before the last rise, and the one before that: a refund leads back to it.
    fallback = models.JSONField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.CheckConstraint(
                condition=Q(growth__gte=0), name="accounts_membership_not_negative"
            )
        ]
        indexes = [
            models.Index(
                fields=["ends_at"],
                name="accounts_membership_ending",
                condition=Q(ends_at__isnull=False),
            ),
            models.Index(fields=["rank", "growth"], name="accounts_membership_rank"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.rank}"


class GrowthEntry(AppendOnly):
    """A movement of somebody's growth. A person's growth is the sum of these, and nothing else.

    `key` names the event, once for ever. `earned_at` is when what it counts was bought, also for
    what is taken back: it says in which period it counts.
    """

    class Kind(models.TextChoices):
        EARNED = "earned", _("earned")
        TAKEN_BACK = "taken_back", _("taken back")
        LAPSED = "lapsed", _("lapsed")
        GIVEN = "given", _("given by staff")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        db_index=False,
        related_name="growth_entries",
        verbose_name=_("person"),
    )
    key = models.CharField(_("event"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    amount = models.BigIntegerField(_("growth"))
    # What it was earned by (an order's public id), and how: money in minor units, basis points.
    reference = models.CharField(_("reference"), max_length=40, blank=True, default="")
    base_minor = models.BigIntegerField(_("money counted (minor units)"), default=0)
    rate_bp = models.PositiveIntegerField(_("rate (basis points)"), default=10_000)
    earned_at = models.DateTimeField(_("counts from"))
    at = models.DateTimeField(_("at"))
    by = models.CharField(_("by"), max_length=48)
    why = models.CharField(_("why"), max_length=200, blank=True, default="")

    class Meta(AppendOnly.Meta):
        verbose_name = _("growth entry")
        verbose_name_plural = _("growth entries")
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="accounts_growth_moves")]
        indexes = [
            models.Index(fields=["user", "-id"], name="accounts_growth_user"),
            models.Index(
                fields=["reference"], name="accounts_growth_reference", condition=~Q(reference="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount:+d} {self.key}"
