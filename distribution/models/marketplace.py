from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly, public_id_field
from distribution.states import MarketState


class Marketplace(models.Model):
    """An outside channel that buys from us by signed calls and pays by its own bill later."""

    public_id = public_id_field("mkt")
    # Accounts of the ledger carry it; it never changes.
    code = models.SlugField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=80)
    # Its prices, its goods and its share of the pool.
    channel = models.OneToOneField(
        "catalog.Channel", models.PROTECT, related_name="+", verbose_name=_("channel")
    )
    state = models.CharField(_("state"), max_length=3, choices=MarketState, default=MarketState.ON)
    # What the dialect leaves open (tail, charset, codec, …); nothing secret.
    recipe = models.JSONField(_("recipe"), default=dict, blank=True)
    callback_url = models.URLField(_("address for results"), blank=True, default="")
    # One address or network in each line; empty: from anywhere.
    addresses = models.CharField(_("allowed addresses"), max_length=400, blank=True, default="")
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    # The most it may owe us, in minor units; its account's floor says the same.
    credit_limit_minor = models.BigIntegerField(_("credit limit (minor units)"), default=0)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("outside channel")
        verbose_name_plural = _("outside channels")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(credit_limit_minor__gte=0), name="distribution_market_limit"
            )
        ]

    def __str__(self) -> str:
        return self.name


class MarketKey(models.Model):
    """A key of an outside channel. The secret is sealed (`distribution_marketkey:secret:<id>`)."""

    public_id = public_id_field("mky")
    marketplace = models.ForeignKey(
        Marketplace, models.PROTECT, related_name="keys", verbose_name=_("outside channel")
    )
    secret = models.BinaryField(editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), editable=False)
    created_by = models.CharField(_("made by"), max_length=48, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("key of an outside channel")
        verbose_name_plural = _("keys of outside channels")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_active=True, ended_at__isnull=True)
                | Q(is_active=False, ended_at__isnull=False),
                name="distribution_marketkey_ended",
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class MarketReplay(models.Model):
    """A signed call that was answered with codes: it is not answered twice. Kept for minutes."""

    key = models.ForeignKey(MarketKey, models.CASCADE, db_index=False)
    sign = models.CharField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "sign"], name="distribution_replay_once")
        ]
        indexes = [models.Index(fields=["at"], name="distribution_replay_at")]

    def __str__(self) -> str:
        return self.sign


class MarketPayment(AppendOnly):
    """Money an outside channel paid on its bill, under the bank's number."""

    marketplace = models.ForeignKey(
        Marketplace, models.PROTECT, related_name="payments", verbose_name=_("outside channel")
    )
    number = models.CharField(_("the bank's payment number"), max_length=40)
    amount_minor = models.BigIntegerField(_("amount (minor units)"))
    currency = models.CharField(max_length=3, default="CNY")
    by = models.CharField(_("by"), max_length=48)
    at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("payment of an outside channel")
        verbose_name_plural = _("payments of outside channels")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["marketplace", "number"], name="distribution_marketpayment_once"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="distribution_marketpayment_amount"
            ),
        ]

    def __str__(self) -> str:
        return self.number
