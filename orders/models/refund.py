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
    number = models.CharField(max_length=32, unique=True, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds")
    kind = models.CharField(max_length=12, choices=RefundKind)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")
    # The account the liability was taken from when the refund was asked for.
    source_account = models.CharField(max_length=64)
    reason = models.CharField(max_length=200)
    by = models.CharField(max_length=48)
    approval = models.CharField(max_length=24, blank=True, default="")
    state = models.CharField(max_length=12, choices=RefundState, default=RefundState.REQUESTED)
    state_at = models.DateTimeField()
    provider_txn = models.CharField(max_length=64, blank=True, default="")
    last_error = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="orders_refund_amount"),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(kind__in=["late", "duplicate"]),
                name="orders_refund_whole_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before"], name="orders_refund_due", condition=Q(not_before__isnull=False)
            )
        ]
        triggers = [transitions.guard(REFUND_STEPS)]

    def __str__(self) -> str:
        return self.public_id


class RefundLine(models.Model):
    """The unit a refund is for. One delivery is refunded once."""

    refund = models.ForeignKey(Refund, models.PROTECT, related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="refund_lines")
    # Public id of the delivery; empty when the order was never opened (waiting for stock).
    delivery = models.CharField(max_length=24, blank=True, default="")
    unit = models.PositiveIntegerField()
    amount_minor = models.BigIntegerField()

    class Meta:
        verbose_name = _("refunded unit")
        verbose_name_plural = _("refunded units")
        constraints = [
            models.UniqueConstraint(fields=["line", "unit"], name="orders_refundline_once"),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="orders_refundline_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id}/{self.unit}"
