from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import LeasedWork, public_id_field
from orders.models.order import Order, OrderLine
from orders.models.payment import Payment
from orders.states import REFUND_STEPS, RefundState


class RefundKind(models.TextChoices):
    UNDELIVERED = "undelivered", _("Units that were not delivered")
    DELIVERED = "delivered", _("Units that had been delivered")
    LATE = "late", _("Money after the order was closed")
    DUPLICATE = "duplicate", _("Second payment of one order")


class Refund(LeasedWork):
    """Money on its way back. `not_before` is when the provider is next spoken to."""

    public_id = public_id_field("rfd")
    number = models.CharField(_("number"), max_length=32, unique=True, editable=False)
    payment = models.ForeignKey(
        Payment, models.PROTECT, related_name="refunds", verbose_name=_("payment")
    )
    order = models.ForeignKey(
        Order, models.PROTECT, related_name="refunds", verbose_name=_("order")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=RefundKind)
    amount_minor = models.BigIntegerField(_("amount (minor units)"))
    # What of it went back to the buyer's balance, at once; `amount_minor` goes to the provider.
    balance_minor = models.BigIntegerField(
        _("to the balance (minor units)"), default=0, db_default=0
    )
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    # The account the liability was taken from when the refund was asked for.
    source_account = models.CharField(_("taken from account"), max_length=64)
    reason = models.CharField(_("reason"), max_length=200)
    by = models.CharField(_("by"), max_length=48)
    approval = models.CharField(_("approval"), max_length=24, blank=True, default="")
    state = models.CharField(
        _("state"), max_length=12, choices=RefundState, default=RefundState.REQUESTED
    )
    state_at = models.DateTimeField(_("in this state since"))
    provider_txn = models.CharField(
        _("provider's transaction"), max_length=64, blank=True, default=""
    )
    last_error = models.CharField(_("last error"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField(_("created at"))
    succeeded_at = models.DateTimeField(_("succeeded at"), null=True, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, balance_minor__gte=0)
                | Q(amount_minor=0, balance_minor__gt=0),
                name="orders_refund_amounts",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(kind__in=["late", "duplicate"]),
                name="orders_refund_whole_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
                name="orders_refund_due",
                condition=Q(not_before__isnull=False),
            )
        ]
        triggers = [transitions.guard(REFUND_STEPS)]

    def __str__(self) -> str:
        return self.public_id

    @property
    def total_minor(self) -> int:
        """What the buyer has back by it, wherever it went; minor units."""
        return self.amount_minor + self.balance_minor


class RefundLine(models.Model):
    """The unit a refund is for. One delivery is refunded once."""

    refund = models.ForeignKey(Refund, models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="refund_lines")
    # Public id of the delivery; empty when the order was never opened (waiting for stock).
    delivery = models.CharField(_("delivery"), max_length=24, blank=True, default="")
    unit = models.PositiveIntegerField(_("unit"))
    amount_minor = models.BigIntegerField(_("amount (minor units)"))

    class Meta:
        verbose_name = _("refunded unit")
        verbose_name_plural = _("refunded units")
        constraints = [
            models.UniqueConstraint(fields=["line", "unit"], name="orders_refundline_once"),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=0), name="orders_refundline_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id}/{self.unit}"
