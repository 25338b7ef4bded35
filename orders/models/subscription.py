import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import transitions
from core.models.base import LeasedWork, public_id_field
from orders.models.order import Order
from orders.models.plan import Plan
from orders.states import (
    LIVE_SUBSCRIPTION,
    MANDATE_STEPS,
    PERIOD_STEPS,
    SUBSCRIPTION_STEPS,
    MandateState,
    PeriodState,
    SubscriptionState,
)


class Subscription(models.Model):
    """A good somebody gets period by period, on the terms they agreed to, copied in."""

    public_id = public_id_field("sub")
    form_token = models.CharField(max_length=64, unique=True, editable=False)
    plan = models.ForeignKey(Plan, models.PROTECT, related_name="+", verbose_name=_("plan"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person")
    )
    owner = models.CharField(_("owner"), max_length=24)
    channel_code = models.CharField(_("channel"), max_length=32)
    language = models.CharField(_("language"), max_length=16)

    title = models.CharField(_("plan"), max_length=80)
    title_en = models.CharField(_("plan in English"), max_length=80, blank=True, default="")
    family = models.CharField(_("family"), max_length=32, blank=True, default="")
    sku_code = models.CharField(_("SKU"), max_length=64)
    # Phases in order: prices, lengths and gifts as they stood when the buyer agreed.
    phases = models.JSONField(_("phases"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    terms_version = models.CharField(_("version of the terms"), max_length=32)
    consent_at = models.DateTimeField(_("consent at"))
    inputs_sealed = models.BinaryField(null=True, editable=False)
    inputs_masked = models.CharField(
        pgettext_lazy("goods", "recipient"), max_length=120, blank=True, default=""
    )

    # Period `anchor_number` begins on `anchor`; all others are counted from there.
    anchor = models.DateField(_("counted from"), null=True, blank=True)
    anchor_number = models.PositiveIntegerField(default=1, editable=False)
    # The last period that was paid for.
    current_start = models.DateField(_("paid from"), null=True, blank=True)
    current_end = models.DateField(_("paid until"), null=True, blank=True)
    # Unused days of the subscription this one replaces, taken off its first period.
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by",
        verbose_name=_("replaces"),
    )  # fmt: skip
    credit_minor = models.BigIntegerField(_("credit (minor units)"), default=0)
    credit_days = models.PositiveIntegerField(_("days the credit is for"), default=0)

    state = models.CharField(
        _("state"), max_length=12, choices=SubscriptionState, default=SubscriptionState.PENDING
    )
    state_at = models.DateTimeField(_("in this state since"))
    ended_why = models.CharField(_("why ended"), max_length=24, blank=True, default="")
    created_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "plan"], name="orders_subscription_one",
                condition=Q(state__in=sorted(LIVE_SUBSCRIPTION)),
            ),
            models.CheckConstraint(
                condition=Q(credit_minor__gte=0), name="orders_subscription_credit"
            ),
            models.CheckConstraint(
                condition=Q(current_end__isnull=True) | Q(current_end__gt=F("current_start")),
                name="orders_subscription_current",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["user", "-id"], name="orders_subscription_user"),
            models.Index(
                fields=["current_end"], name="orders_subscription_ends",
                condition=Q(state="cancelling"),
            ),
        ]  # fmt: skip
        triggers = [
            transitions.guard(SUBSCRIPTION_STEPS),
            # What was agreed to does not change: not the prices, not the gifts.
            pgtrigger.ReadOnly(
                name="orders_subscription_terms",
                fields=[
                    "public_id", "form_token", "plan", "user", "title", "title_en", "sku_code",
                    "phases", "currency", "terms_version", "consent_at", "credit_minor",
                    "credit_days", "replaces",
                ],
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.public_id

    @property
    def inputs_context(self) -> str:
        """What the sealed recipient is bound to."""
        return inputs_context(self.public_id)


def inputs_context(public_id: str) -> str:
    """What the sealed recipient of a subscription is bound to; key rotation needs it too."""
    return f"orders_subscription:inputs_sealed:{public_id}"


class Mandate(LeasedWork):
    """The buyer's word at a provider that we may charge. `not_before`: when it is next asked about.

    `ending`: we want it ended; the provider is told until it says that it is.
    """

    public_id = public_id_field("mdt")
    number = models.CharField(_("number"), max_length=32, unique=True, editable=False)
    subscription = models.OneToOneField(
        Subscription, models.PROTECT, related_name="mandate", verbose_name=_("subscription")
    )
    provider = models.CharField(_("provider"), max_length=24)
    limit_minor = models.BigIntegerField(_("most per charge (minor units)"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    agreement = models.CharField(_("provider's agreement"), max_length=64, blank=True, default="")
    state = models.CharField(
        _("state"), max_length=8, choices=MandateState, default=MandateState.PENDING
    )
    state_at = models.DateTimeField(_("in this state since"))
    ending = models.BooleanField(_("to be ended"), default=False)
    expires_at = models.DateTimeField(_("to be signed until"))
    created_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("mandate")
        verbose_name_plural = _("mandates")
        constraints = [
            models.CheckConstraint(condition=Q(limit_minor__gt=0), name="orders_mandate_limit")
        ]
        indexes = [
            models.Index(
                fields=["not_before"], name="orders_mandate_due",
                condition=Q(not_before__isnull=False),
            )
        ]  # fmt: skip
        triggers = [transitions.guard(MANDATE_STEPS)]

    def __str__(self) -> str:
        return self.public_id


class SubscriptionPeriod(LeasedWork):
    """One period: planned, announced, charged once. `not_before` is when the next of it is due."""

    public_id = public_id_field("spd")
    subscription = models.ForeignKey(
        Subscription, models.PROTECT, related_name="periods", verbose_name=_("subscription")
    )
    number = models.PositiveIntegerField(_("number"))
    period_start = models.DateField(_("from"))
    period_end = models.DateField(_("until"))
    # The first period is bought by the buyer's own click; the others need a notice (5 days).
    is_renewal = models.BooleanField(_("renewal"), default=True)
    price_minor = models.BigIntegerField(_("price (minor units)"))
    gift = models.CharField(_("gift"), max_length=64, blank=True, default="")
    gift_units = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(
        _("state"), max_length=8, choices=PeriodState, default=PeriodState.PLANNED
    )
    state_at = models.DateTimeField(_("in this state since"))
    # Tries at charging it, and when money was first asked for and came.
    attempts = models.PositiveSmallIntegerField(_("charges tried"), default=0)
    first_tried_at = models.DateTimeField(_("first tried at"), null=True, blank=True)
    charged_at = models.DateTimeField(_("charged at"), null=True, blank=True)
    created_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("period of a subscription")
        verbose_name_plural = _("periods of subscriptions")
        ordering = ["subscription", "number", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "period_start"], name="orders_period_once",
                condition=~Q(state="void"),
            ),
            models.UniqueConstraint(
                fields=["subscription", "number"], name="orders_period_number",
                condition=~Q(state="void"),
            ),
            models.CheckConstraint(
                condition=Q(period_end__gt=F("period_start"), price_minor__gte=0),
                name="orders_period_span",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["not_before"], name="orders_period_due",
                condition=Q(not_before__isnull=False),
            )
        ]  # fmt: skip
        triggers = [transitions.guard(PERIOD_STEPS)]

    def __str__(self) -> str:
        return self.public_id


class ChargeOutcome(models.TextChoices):
    OPEN = "open", _("Under way")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")


class SubscriptionCharge(models.Model):
    """One try at charging a period, with the order it was for."""

    period = models.ForeignKey(
        SubscriptionPeriod, models.PROTECT, related_name="charges", verbose_name=_("period")
    )
    attempt = models.PositiveSmallIntegerField(_("try"))
    order = models.OneToOneField(
        Order, models.PROTECT, null=True, blank=True, related_name="subscription_charge",
        verbose_name=_("order"),
    )  # fmt: skip
    outcome = models.CharField(
        _("outcome"), max_length=8, choices=ChargeOutcome, default=ChargeOutcome.OPEN
    )
    why = models.CharField(_("why"), max_length=64, blank=True, default="")
    created_at = models.DateTimeField(_("at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("charge of a subscription")
        verbose_name_plural = _("charges of subscriptions")
        ordering = ["period", "attempt"]
        constraints = [
            models.UniqueConstraint(fields=["period", "attempt"], name="orders_charge_try")
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="orders_charge_fixed", fields=["period", "attempt", "created_at"]
            ),
            pgtrigger.Protect(name="orders_charge_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.period_id}/{self.attempt}"


class RenewalNotice(models.Model):
    """The law's notice before a charge: what was told, and when it really left."""

    period = models.ForeignKey(
        SubscriptionPeriod, models.PROTECT, related_name="notices", verbose_name=_("period")
    )
    # Public id of the message; its row is the queue it is sent from.
    message = models.CharField(_("message"), max_length=24)
    amount_minor = models.BigIntegerField(_("announced (minor units)"))
    queued_at = models.DateTimeField(_("queued at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    class Meta:
        verbose_name = _("renewal notice")
        verbose_name_plural = _("renewal notices")
        constraints = [
            models.UniqueConstraint(fields=["message"], name="orders_renewalnotice_message")
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="orders_renewalnotice_fixed",
                fields=["period", "message", "amount_minor", "queued_at"],
            ),
            pgtrigger.Protect(name="orders_renewalnotice_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.period_id}: {self.message}"
