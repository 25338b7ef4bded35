import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import LeasedWork, public_id_field
from core.transitions import guard
from distribution.models.marketplace import Marketplace
from distribution.states import MARKET_ORDER_STEPS, PUSH_STEPS, MarketOrderState, PushState


class MarketKind(models.TextChoices):
    CARD = "card", _("Code")
    DIRECT = "direct", _("Top-up")


class MarketOrder(models.Model):
    """What an outside channel ordered under its own number, and the order of ours it became."""

    public_id = public_id_field("mor")
    marketplace = models.ForeignKey(
        Marketplace, models.PROTECT, related_name="orders", verbose_name=_("outside channel")
    )
    number = models.CharField(_("its number"), max_length=32)
    kind = models.CharField(_("kind"), max_length=6, choices=MarketKind)
    # Keyed hash of everything it asked for: tells a repeat from another order under the same number.
    content = models.BinaryField(max_length=32, editable=False)
    goods = models.CharField(_("goods"), max_length=64)
    quantity = models.PositiveIntegerField(_("quantity"))
    # The most the whole order may cost, minor units; empty: it did not say.
    limit_minor = models.BigIntegerField(_("at most (minor units)"), null=True, blank=True)
    # JSON of the recipient's fields, sealed with context `distribution_marketorder:asked:<public_id>`.
    asked = models.BinaryField(editable=False)

    state = models.CharField(
        _("state"), max_length=8, choices=MarketOrderState, default=MarketOrderState.RECEIVED
    )
    state_at = models.DateTimeField(_("in this state since"))
    # A `retCode` of the dialect: why it was refused. Empty otherwise.
    refusal = models.CharField(_("refused with"), max_length=8, blank=True, default="")
    # Public id of our order, once there is one that is paid.
    order = models.CharField(_("our order"), max_length=24, blank=True, default="")
    total_minor = models.BigIntegerField(_("charged (minor units)"), default=0)
    credited_minor = models.BigIntegerField(_("given back (minor units)"), default=0)
    currency = models.CharField(max_length=3, default="CNY")
    delivered = models.PositiveIntegerField(_("delivered"), default=0)
    created_at = models.DateTimeField(_("received at"))
    # When the sweeper takes up an order that was left undecided.
    not_before = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("order of an outside channel")
        verbose_name_plural = _("orders of outside channels")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["marketplace", "number"], name="distribution_marketorder_once"
            ),
            models.UniqueConstraint(
                fields=["order"], condition=~Q(order=""), name="distribution_marketorder_order"
            ),
            models.CheckConstraint(
                condition=Q(
                    total_minor__gte=0, credited_minor__gte=0,
                    credited_minor__lte=models.F("total_minor"),
                ),
                name="distribution_marketorder_money",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["received", "refused"]) | ~Q(order=""),
                name="distribution_marketorder_taken",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["not_before"],
                name="distribution_market_due",
                condition=Q(state=MarketOrderState.RECEIVED),
            )
        ]
        triggers = [
            guard(MARKET_ORDER_STEPS),
            pgtrigger.ReadOnly(
                name="distribution_marketorder_promise",
                fields=["marketplace", "number", "kind", "content", "goods", "quantity"],
            ),
        ]

    def __str__(self) -> str:
        return self.number


class MarketPush(LeasedWork):
    """A result on its way to the outside channel; its own queue row, repeated until acknowledged."""

    public_id = public_id_field("mpu")
    order = models.ForeignKey(
        MarketOrder, models.PROTECT, related_name="pushes", verbose_name=_("order")
    )
    # `orderStatus` of the dialect.
    result = models.CharField(_("result"), max_length=1)
    state = models.CharField(
        _("state"), max_length=12, choices=PushState, default=PushState.WAITING
    )
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("created at"))
    last_error = models.CharField(_("last answer"), max_length=80, blank=True, default="")

    class Meta:
        verbose_name = _("result to an outside channel")
        verbose_name_plural = _("results to outside channels")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                name="distribution_push_due",
                condition=Q(state=PushState.WAITING),
            )
        ]
        triggers = [guard(PUSH_STEPS)]

    def __str__(self) -> str:
        return self.public_id
