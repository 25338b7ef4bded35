from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import LeasedWork, public_id_field
from orders.models.order import Order
from orders.states import PAYMENT_TRANSITIONS, PaymentState


class Payment(LeasedWork):
    """One attempt to receive the money of one order from one provider.

    `not_before` is when the provider is next asked about it; null means never again.
    """

    public_id = public_id_field("pay")
    # What the provider knows it by, [0-9A-Z], never reused.
    number = models.CharField(_("number"), max_length=32, unique=True, editable=False)
    order = models.ForeignKey(
        Order, models.PROTECT, related_name="payments", verbose_name=_("order")
    )
    provider = models.CharField(_("provider"), max_length=24)
    amount_minor = models.BigIntegerField(_("amount (minor units)"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    state = models.CharField(
        _("state"), max_length=12, choices=PaymentState, default=PaymentState.CREATED
    )
    state_at = models.DateTimeField(_("in this state since"))
    # Applied: this is the money that pays the order. A second or unusable success is not.
    applied = models.BooleanField(_("pays the order"), default=False)
    provider_txn = models.CharField(
        _("provider's transaction"), max_length=64, blank=True, default=""
    )
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("good until"))
    succeeded_at = models.DateTimeField(_("succeeded at"), null=True, blank=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(applied=True), name="orders_payment_applied_once"
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_txn"],
                condition=~Q(provider_txn=""),
                name="orders_payment_txn_once",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="orders_payment_amount"),
            models.CheckConstraint(
                condition=Q(applied=False) | Q(state=PaymentState.SUCCEEDED),
                name="orders_payment_applied_paid",
            ),
        ]
        indexes = [
            # The poller's queue: payments whose answer is still owed to us.
            models.Index(
                fields=["not_before"],
                name="orders_payment_due",
                condition=Q(not_before__isnull=False),
            )
        ]
        triggers = [transitions.guard(PAYMENT_TRANSITIONS)]

    def __str__(self) -> str:
        return self.public_id
