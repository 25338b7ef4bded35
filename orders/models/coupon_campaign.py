import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import transitions
from core.models.base import LeasedWork, public_id_field
from orders.states import (
    COUPON_BATCH_STEPS,
    COUPON_EXPORT_STEPS,
    CouponBatchState,
    CouponExportState,
)


class Claiming(models.TextChoices):
    """Who may fetch one from the claim page."""

    CLOSED = "closed", _("Nobody: they are given or printed")
    OPEN = "open", _("Whoever is signed in")
    CODE = "code", _("Whoever is signed in and knows the word")


class CouponCampaign(models.Model):
    """How the coupons of a promotion come to people, how long they hold, and what a refund does."""

    public_id = public_id_field("cmp")
    promotion = models.OneToOneField(
        "orders.Promotion", models.PROTECT, related_name="coupons", verbose_name=_("promotion")
    )
    slug = models.SlugField(_("address of the claim page"), max_length=40, unique=True)
    claiming = models.CharField(
        _("who may claim"), max_length=8, choices=Claiming, default=Claiming.CLOSED
    )
    # Compared in capitals.
    word = models.CharField(_("word to claim by"), max_length=32, blank=True, default="")
    most_claims = models.PositiveIntegerField(_("claims in all"), null=True, blank=True)
    most_per_person = models.PositiveIntegerField(_("claims per person"), default=1)
    # The earlier of the two; neither: as long as the promotion.
    valid_days = models.PositiveSmallIntegerField(
        _("days a claimed coupon holds"), null=True, blank=True
    )
    valid_until = models.DateTimeField(_("coupons hold until"), null=True, blank=True)
    back_on_refund = models.BooleanField(_("comes back when all is refunded"), default=True)

    class Meta:
        verbose_name = _("coupon campaign")
        verbose_name_plural = _("coupon campaigns")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(claiming="code") | ~Q(word=""), name="orders_campaign_has_word"
            ),
            models.CheckConstraint(
                condition=Q(most_per_person__gte=1), name="orders_campaign_per_person"
            ),
        ]

    def __str__(self) -> str:
        return self.slug


class CouponBatch(LeasedWork):
    """Single-use codes made in one go, by a worker, chunk by chunk."""

    public_id = public_id_field("cpb")
    promotion = models.ForeignKey(
        "orders.Promotion", models.PROTECT, related_name="+", verbose_name=_("promotion")
    )
    total = models.PositiveIntegerField(_("codes wanted"))
    made = models.PositiveIntegerField(_("codes made"), default=0)
    state = models.CharField(
        _("state"), max_length=8, choices=CouponBatchState, default=CouponBatchState.MAKING
    )
    state_at = models.DateTimeField(_("in this state since"))
    note = models.CharField(
        pgettext_lazy("note", "what for"), max_length=80, blank=True, default=""
    )
    created_at = models.DateTimeField(_("made at"))
    created_by = models.CharField(_("made by"), max_length=48)

    class Meta:
        verbose_name = _("batch of coupon codes")
        verbose_name_plural = _("batches of coupon codes")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(total__gte=1, made__lte=F("total")), name="orders_couponbatch_made"
            )
        ]
        indexes = [
            # What a worker still has to do: codes to make, codes to void.
            models.Index(
                fields=["not_before"],
                name="orders_couponbatch_due",
                condition=Q(not_before__isnull=False),
            )
        ]
        triggers = [
            transitions.guard(COUPON_BATCH_STEPS),
            pgtrigger.ReadOnly(
                name="orders_couponbatch_fixed", fields=["public_id", "promotion", "total"]
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class CouponExport(models.Model):
    """Codes of a batch as a file: agreed by two persons, downloaded once, marked for its reader."""

    public_id = public_id_field("cpx")
    approval = models.CharField(max_length=24, unique=True)
    batch = models.ForeignKey(CouponBatch, models.PROTECT, verbose_name=_("batch"))
    requested_by = models.CharField(_("for"), max_length=48)
    agreed_by = models.CharField(_("agreed by"), max_length=48)
    # Shown to the second person only, typed by the first.
    password = models.BinaryField(null=True, editable=False)
    wrong_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=CouponExportState, default=CouponExportState.READY
    )
    created_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("download until"))
    taken_at = models.DateTimeField(_("downloaded at"), null=True, blank=True)

    class Meta:
        verbose_name = _("export of coupon codes")
        verbose_name_plural = _("exports of coupon codes")
        ordering = ["-id"]
        triggers = [transitions.guard(COUPON_EXPORT_STEPS)]

    def __str__(self) -> str:
        return self.public_id
