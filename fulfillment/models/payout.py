"""Money that leaves the house to those who are owed it: merchants for redemptions, suppliers on account."""

from collections.abc import Mapping

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field
from core.transitions import guard


class PayeeKind(models.TextChoices):
    MERCHANT = "merchant", _("Merchant")
    SUPPLIER = "supplier", _("Supplier")


class PayoutState(models.TextChoices):
    PROPOSED = "proposed", _("Waiting for a second person")
    APPROVED = "approved", _("Agreed on, to be paid at the bank")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Not paid: the bank sent it back")
    CANCELED = "canceled", _("Canceled")


PAYOUT_TRANSITIONS: Mapping[str, list[str]] = {
    PayoutState.PROPOSED: ["approved", "canceled"],
    PayoutState.APPROVED: ["paid", "failed"],
    PayoutState.PAID: [],
    PayoutState.FAILED: [],
    PayoutState.CANCELED: [],
}


class PayoutRun(models.Model):
    """A list of payouts that two persons agree on as a whole."""

    public_id = public_id_field("por")
    kind = models.CharField(_("to"), max_length=8, choices=PayeeKind)
    # What was owed by then, and is owed still, is paid.
    until = models.DateTimeField(_("owed until"))
    currency = models.CharField(max_length=3, default="CNY")
    approval = models.CharField(max_length=24, blank=True, default="")
    by = models.CharField(_("by"), max_length=48)
    created_at = models.DateTimeField(_("proposed at"))

    class Meta:
        verbose_name = _("payout run")
        verbose_name_plural = _("payout runs")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.public_id


class Payout(models.Model):
    """One payment to one payee. Its own number is the purpose that the bank's statement shows."""

    public_id = public_id_field("pyo")
    run = models.ForeignKey(PayoutRun, models.PROTECT, related_name="payouts")
    kind = models.CharField(_("to"), max_length=8, choices=PayeeKind)
    # The merchant's or supplier's code.
    payee = models.CharField(_("payee"), max_length=32)
    amount_minor = models.BigIntegerField(_("amount (minor units)"))
    currency = models.CharField(max_length=3, default="CNY")
    state = models.CharField(
        _("state"), max_length=8, choices=PayoutState, default=PayoutState.PROPOSED
    )
    bank_no = models.CharField(_("bank's number"), max_length=64, blank=True, default="")
    created_at = models.DateTimeField(_("proposed at"))
    approved_at = models.DateTimeField(_("agreed on at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="fulfillment_payout_amount"
            ),
            # Nobody is proposed twice while a proposal waits.
            models.UniqueConstraint(
                fields=["kind", "payee", "currency"], condition=Q(state="proposed"),
                name="fulfillment_payout_one_proposed",
            ),
            models.UniqueConstraint(
                fields=["bank_no"], condition=~Q(bank_no=""), name="fulfillment_payout_bank_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="paid") | ~Q(bank_no=""), name="fulfillment_payout_paid_how"
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["kind", "payee", "-id"], name="fulfillment_payout_payee"),
        ]
        triggers = [guard(PAYOUT_TRANSITIONS)]

    def __str__(self) -> str:
        return self.public_id
