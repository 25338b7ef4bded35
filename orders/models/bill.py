from django.db import models
from django.utils.translation import gettext_lazy as _


class Bill(models.Model):
    """A provider's statement of one day, as downloaded; the same file is taken in once."""

    provider = models.CharField(_("provider"), max_length=24)
    day = models.DateField(_("day"))
    sha256 = models.CharField(max_length=64)
    body = models.BinaryField()
    fetched_at = models.DateTimeField(_("fetched at"))

    class Meta:
        verbose_name = _("provider bill")
        verbose_name_plural = _("provider bills")
        constraints = [
            models.UniqueConstraint(fields=["provider", "day", "sha256"], name="orders_bill_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.day}"


class BillLine(models.Model):
    """One line of a bill: a receipt (positive) or a refund (negative), in minor units."""

    bill = models.ForeignKey(Bill, models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12)
    number = models.CharField(max_length=32)
    provider_txn = models.CharField(max_length=64)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="CNY")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("bill line")
        verbose_name_plural = _("bill lines")
        constraints = [
            models.UniqueConstraint(fields=["bill", "position"], name="orders_billline_once")
        ]
        indexes = [models.Index(fields=["number"], name="orders_billline_number")]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
