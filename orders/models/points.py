"""Points: rules by which they are earned, lots in which they lie, and what paid for orders.

The truth about a balance is the ledger (account `points:<person>`, currency PTS, floor 0); lots say
when which of them ends. Points are whole; nothing here is money unless it says minor units.
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import transitions
from core.models.base import AppendOnly, public_id_field
from core.naming import named
from orders.states import POINTS_PAYMENT_TRANSITIONS, PointsPaymentState


class Rounding(models.TextChoices):
    DOWN = "down", pgettext_lazy("rounding", "Down")
    HALF = "half", _("To the nearest")
    UP = "up", pgettext_lazy("rounding", "Up")


class LotKind(models.TextChoices):
    ORDER = "order", _("For an order")
    CORRECTION = "correction", _("Put right by the shop")
    REWARD = "reward", _("A reward")
    GIFT = "gift", _("A prize or a gift")


class PointsRule(models.Model):
    """So many points for so much paid. Several rules in force add up."""

    public_id = public_id_field("ptr")
    name = models.CharField(_("name"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80, blank=True, default="")
    points = models.PositiveIntegerField(_("points"), default=1)
    per_minor = models.PositiveIntegerField(
        _("for each (minor units)"), default=100, help_text=_("100 is one yuan.")
    )
    rounding = models.CharField(
        _("rounding"), max_length=4, choices=Rounding, default=Rounding.DOWN
    )
    # Names of goods as the pricing engine knows them: "sku:…", "category:…".
    goods = models.JSONField(_("for these goods"), default=list, blank=True)
    goods_left_out = models.JSONField(_("never for these"), default=list, blank=True)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    multiplier_bp = models.PositiveIntegerField(_("multiplier (10000 is once)"), default=10_000)
    multiplied_from = models.DateTimeField(_("multiplied from"), null=True, blank=True)
    multiplied_until = models.DateTimeField(_("multiplied until"), null=True, blank=True)
    wait_days = models.PositiveSmallIntegerField(
        _("credited after days"),
        default=7,
        help_text=_("The refund window: days from the completion of the order."),
    )
    life_days = models.PositiveSmallIntegerField(
        _("good for days"), null=True, blank=True, default=365
    )
    is_active = models.BooleanField(_("switched on"), default=False)
    created_at = models.DateTimeField(_("made at"))
    created_by = models.CharField(_("made by"), max_length=48)

    class Meta:
        verbose_name = _("rule of points")
        verbose_name_plural = _("rules of points")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(per_minor__gte=1, points__lte=1_000_000, multiplier_bp__lte=1_000_000),
                name="orders_pointsrule_terms",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(starts_at__lt=F("ends_at")),
                name="orders_pointsrule_dates",
            ),
        ]

    def __str__(self) -> str:
        return named(self)


class PointsEarning(models.Model):
    """What an order earns by a rule: credited once when due, taken back as its money goes back."""

    rule = models.ForeignKey(PointsRule, models.PROTECT, related_name="+", verbose_name=_("rule"))
    order = models.ForeignKey(
        "orders.Order", models.PROTECT, related_name="points_earnings", verbose_name=_("order")
    )
    owner = models.CharField(_("owner"), max_length=24)
    # The lines it is about, by public id, and what was paid for them (minor units).
    lines = models.JSONField(default=list, editable=False)
    paid_minor = models.BigIntegerField(_("paid (minor units)"))
    points = models.BigIntegerField(_("points"))
    taken_back = models.BigIntegerField(_("taken back"), default=0)
    due_at = models.DateTimeField(_("due at"))
    credited_at = models.DateTimeField(_("credited at"), null=True, blank=True)
    ends_at = models.DateTimeField(_("good until"), null=True, blank=True)
    created_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("earned points")
        verbose_name_plural = _("earned points")
        constraints = [
            models.UniqueConstraint(fields=["order", "rule"], name="orders_pointsearning_once"),
            models.CheckConstraint(
                condition=Q(points__gte=0, taken_back__gte=0, taken_back__lte=F("points")),
                name="orders_pointsearning_amounts",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="orders_pointsearning_due",
                condition=Q(credited_at__isnull=True),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.owner} {self.points}"

    @property
    def currency(self) -> str:
        """Of what was paid: its order's."""
        return self.order.currency


class PointsLot(models.Model):
    """Points of one cause with one end. The first to end is spent first."""

    public_id = public_id_field("ptl")
    owner = models.CharField(_("owner"), max_length=24)
    kind = models.CharField(_("why"), max_length=12, choices=LotKind)
    # The event that gave them; also the key of its journal.
    key = models.CharField(max_length=96, unique=True, editable=False)
    subject = models.CharField(_("belongs to"), max_length=24, blank=True, default="")
    points = models.BigIntegerField(_("points"))
    left = models.BigIntegerField(_("left"))
    expired = models.BigIntegerField(_("expired"), default=0)
    # How often it has ended: a refund may bring something back afterwards.
    turn = models.PositiveSmallIntegerField(default=1, editable=False)
    expires_at = models.DateTimeField(_("good until"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True)
    created_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("lot of points")
        verbose_name_plural = _("lots of points")
        constraints = [
            models.CheckConstraint(
                condition=Q(left__gte=0, expired__gte=0) & Q(points__gte=F("left") + F("expired")),
                name="orders_pointslot_amounts",
            )
        ]
        indexes = [
            models.Index(
                fields=["owner", "expires_at", "id"], name="orders_pointslot_left",
                condition=Q(left__gt=0),
            ),
            models.Index(
                fields=["expires_at"], name="orders_pointslot_ends", condition=Q(left__gt=0)
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.owner} {self.left}/{self.points}"


class PointsPayment(models.Model):
    """The part of an order that is paid with points: held, then spent, or given back."""

    public_id = public_id_field("ppy")
    order = models.OneToOneField(
        "orders.Order", models.PROTECT, related_name="points_payment", verbose_name=_("order")
    )
    owner = models.CharField(_("owner"), max_length=24)
    points = models.BigIntegerField(_("points"))
    amount_minor = models.BigIntegerField(_("paid with them (minor units)"))
    # Points by line (public id); they sum to `points`.
    shares = models.JSONField(default=dict, editable=False)
    returned = models.BigIntegerField(_("given back for refunds"), default=0)
    # How often it has been held: late money holds it again.
    turn = models.PositiveSmallIntegerField(default=1, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=PointsPaymentState, default=PointsPaymentState.HELD
    )
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("payment with points")
        verbose_name_plural = _("payments with points")
        constraints = [
            models.CheckConstraint(
                condition=Q(points__gt=0, amount_minor__gte=0, returned__gte=0)
                & Q(returned__lte=F("points")),
                name="orders_pointspayment_amounts",
            )
        ]
        triggers = [transitions.guard(POINTS_PAYMENT_TRANSITIONS)]

    def __str__(self) -> str:
        return f"{self.order_id} {self.points}"


class PointsPiece(models.Model):
    """How much of a payment came from which lot: it goes back to where it came from."""

    payment = models.ForeignKey(PointsPayment, models.PROTECT, related_name="pieces")
    lot = models.ForeignKey(PointsLot, models.PROTECT, related_name="pieces")
    points = models.BigIntegerField(_("points"))
    returned = models.BigIntegerField(_("given back"), default=0)

    class Meta:
        verbose_name = _("piece of a payment with points")
        verbose_name_plural = _("pieces of payments with points")
        constraints = [
            models.CheckConstraint(
                condition=Q(points__gt=0, returned__gte=0) & Q(returned__lte=F("points")),
                name="orders_pointspiece_amounts",
            )
        ]

    def __str__(self) -> str:
        return f"{self.lot_id} {self.points}"


class PointsGood(models.Model):
    """A good that is had for points alone."""

    public_id = public_id_field("ptg")
    sku = models.OneToOneField(
        "catalog.Sku", models.PROTECT, related_name="+", verbose_name=_("SKU")
    )
    points = models.PositiveIntegerField(_("points for one"))
    per_person = models.PositiveSmallIntegerField(_("for one person"), null=True, blank=True)
    in_all = models.PositiveIntegerField(_("in all"), null=True, blank=True)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    is_active = models.BooleanField(_("switched on"), default=False)

    class Meta:
        verbose_name = _("good for points")
        verbose_name_plural = _("goods for points")
        ordering = ["points", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(points__gte=1), name="orders_pointsgood_price")
        ]

    def __str__(self) -> str:
        return f"{self.sku_id}: {self.points}"


class PointsCorrection(AppendOnly):
    """Points that two persons gave or took, and why."""

    owner = models.CharField(_("owner"), max_length=24)
    points = models.BigIntegerField(_("points"))
    reason = models.CharField(_("reason"), max_length=200)
    approval = models.CharField(_("approval"), max_length=24, unique=True)
    created_at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("correction of points")
        verbose_name_plural = _("corrections of points")

    def __str__(self) -> str:
        return f"{self.owner} {self.points:+}"
