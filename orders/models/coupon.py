import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import AppendOnly, public_id_field
from orders.states import COUPON_STEPS, CouponState


class Origin(models.TextChoices):
    CLAIM = "claim", _("Claimed on its page")
    GRANT = "grant", _("Given by a rule")
    PRINT = "print", _("Printed code")


class Coupon(models.Model):
    """One coupon: the right to use its promotion in one order.

    `owner` is a user's public id; empty, whoever knows the code may use it.
    """

    public_id = public_id_field("cpn")
    promotion = models.ForeignKey(
        "orders.Promotion",
        models.PROTECT,
        db_index=False,
        related_name="+",
        verbose_name=_("promotion"),
    )
    batch = models.ForeignKey(
        "orders.CouponBatch",
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("batch"),
    )
    origin = models.CharField(_("how it came"), max_length=8, choices=Origin)
    owner = models.CharField(_("owner"), max_length=24, blank=True, default="")
    # Printed codes only: found by keyed hash, readable for an export.
    code_index = models.BinaryField(max_length=32, null=True, unique=True, editable=False)
    code_sealed = models.BinaryField(null=True, editable=False)
    # The event that gave it, once (`grant_coupon`).
    event = models.CharField(max_length=80, null=True, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=CouponState)
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("made at"))
    claimed_at = models.DateTimeField(_("claimed at"), null=True, blank=True)
    valid_until = models.DateTimeField(_("holds until"), null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, editable=False)
    # The order that holds or has used it; by its public id, which is known before the row is read.
    order = models.ForeignKey(
        "orders.Order",
        models.PROTECT,
        to_field="public_id",
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("order"),
    )

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["held", "used"], order__isnull=False)
                | (~Q(state__in=["held", "used"]) & Q(order__isnull=True)),
                name="orders_coupon_order",
            ),
            models.CheckConstraint(
                condition=~Q(state="issued") | (Q(owner="") & Q(code_index__isnull=False)),
                name="orders_coupon_printed",
            ),
        ]
        indexes = [
            # What a buyer may use now, the first to end first.
            models.Index(
                fields=["owner", "valid_until"],
                name="orders_coupon_usable",
                condition=Q(state="claimed") & ~Q(owner=""),
            ),
            models.Index(
                fields=["owner", "-id"], name="orders_coupon_owner", condition=~Q(owner="")
            ),
            models.Index(
                fields=["order"], name="orders_coupon_in_order", condition=Q(order__isnull=False)
            ),
            models.Index(
                fields=["valid_until"],
                name="orders_coupon_expiry",
                condition=Q(state__in=["issued", "claimed"]),
            ),
            models.Index(fields=["promotion", "state"], name="orders_coupon_states"),
            models.Index(
                fields=["batch", "id"], name="orders_coupon_batch", condition=Q(batch__isnull=False)
            ),
        ]
        triggers = [
            transitions.guard(COUPON_STEPS),
            pgtrigger.ReadOnly(
                name="orders_coupon_fixed",
                fields=["public_id", "promotion", "batch", "origin", "code_index", "event"],
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def context(self) -> str:
        """What its sealed code is bound to."""
        return coupon_context(self.public_id)


def coupon_context(public_id: str) -> str:
    """What the sealed code of that coupon is bound to."""
    return f"orders_coupon:code:{public_id}"


class CouponUse(AppendOnly):
    """An order that took a coupon. Whether it still has it say the coupon and the order."""

    coupon = models.ForeignKey(
        Coupon, models.PROTECT, related_name="uses", verbose_name=_("coupon")
    )
    order = models.ForeignKey(
        "orders.Order",
        models.PROTECT,
        to_field="public_id",
        related_name="+",
        verbose_name=_("order"),
    )
    created_at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("use of a coupon")
        verbose_name_plural = _("uses of coupons")
        constraints = [
            models.UniqueConstraint(fields=["order", "coupon"], name="orders_couponuse_once")
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id} {self.order_id}"
