"""Exchange codes: batches of codes that stand for goods, and what each became."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import LeasedWork, public_id_field
from core.naming import named
from orders.models.order import ContactKind
from orders.models.promised import kept_once_promised
from orders.states import AWARD_STEPS, EXCHANGE_BATCH_STEPS, AwardState, BatchState

LARGEST_BATCH = 1_000_000
# What two persons agreed to: it stands still afterwards.
_AGREED = (
    "kind", "sku_id", "ref", "amount", "cost_minor", "size", "channel_id", "currency", "per_person",
    "origin",
)  # fmt: skip


class Origin(models.TextChoices):
    GIVEN = "given", _("Given away")
    SOLD = "sold", _("Sold")


class ExchangeBatch(LeasedWork):
    """So many codes for one thing. `made` codes exist already; `kind` is a key of PRIZES.

    `not_before` is when the worker next makes some; null when all are made.
    """

    public_id = public_id_field("exb")
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=120)
    channel = models.ForeignKey(
        "catalog.Channel", models.PROTECT, db_index=False, related_name="+",
        verbose_name=_("channel"),
    )  # fmt: skip
    kind = models.CharField(_("kind"), max_length=16, default="goods")
    sku = models.ForeignKey(
        "catalog.Sku", models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("SKU"),
    )  # fmt: skip
    ref = models.CharField(_("which one"), max_length=64, blank=True, default="")
    amount = models.PositiveIntegerField(
        _("how many"), default=1,
        help_text=_("Of a balance: its face value in minor units (10000 is 100 yuan)."),
    )  # fmt: skip
    origin = models.CharField(
        _("cards are"), max_length=8, choices=Origin, default=Origin.GIVEN, db_default=Origin.GIVEN,
        help_text=_("Of a balance: whether its cost is a promotion's, or somebody paid for it."),
    )  # fmt: skip
    cost_minor = models.BigIntegerField(
        _("cost of one code (minor units)"), default=0,
        help_text=_("At least the floor of what it stands for; times the codes it is the budget."),
    )  # fmt: skip
    currency = models.CharField(_("currency"), max_length=3, default="CNY", editable=False)
    size = models.PositiveIntegerField(_("codes"))
    per_person = models.PositiveIntegerField(
        _("codes per person"), null=True, blank=True, help_text=_("Empty: no limit.")
    )
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    made = models.PositiveIntegerField(_("made"), default=0, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=BatchState, default=BatchState.DRAFT)
    state_at = models.DateTimeField(_("in this state since"), editable=False)
    by = models.CharField(_("by"), max_length=48, editable=False)
    created_at = models.DateTimeField(_("made at"), editable=False)

    class Meta:
        verbose_name = _("batch of exchange codes")
        verbose_name_plural = _("batches of exchange codes")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(size__gte=1, size__lte=LARGEST_BATCH, made__lte=F("size")),
                name="orders_exchangebatch_size",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=1, cost_minor__gte=0), name="orders_exchangebatch_amounts"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(starts_at__lt=F("ends_at")),
                name="orders_exchangebatch_times",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["live", "frozen"]) | Q(made=F("size")),
                name="orders_exchangebatch_made",
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before"], name="orders_exchangebatch_due",
                condition=Q(not_before__isnull=False),
            )
        ]  # fmt: skip
        triggers = [
            transitions.guard(EXCHANGE_BATCH_STEPS),
            *kept_once_promised(
                "orders_exchangebatch_agreed", "orders_exchangebatch_kept", *_AGREED
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return named(self)

    @property
    def budget_minor(self) -> int:
        """What all codes together may cost, minor units."""
        return self.cost_minor * self.size

    @property
    def channel_code(self) -> str:
        """Where it is given."""
        return str(self.channel.code)

    @property
    def percent(self) -> int:
        """How far the making has come."""
        return self.made * 100 // self.size


class ExchangeCode(models.Model):
    """One code: sealed, found by its keyed hash, used once for ever."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    batch = models.ForeignKey(ExchangeBatch, models.PROTECT, db_index=False, related_name="codes")
    number = models.PositiveIntegerField(_("number"))
    # Sealed with context `orders_exchangecode:sealed:<id>`.
    sealed = models.BinaryField(editable=False)
    index = models.BinaryField(max_length=32, unique=True, editable=False)
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)

    class Meta:
        verbose_name = _("exchange code")
        verbose_name_plural = _("exchange codes")
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="orders_exchangecode_number")
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}#{self.number}"

    @property
    def context(self) -> str:
        """What its sealed text is bound to."""
        return f"orders_exchangecode:sealed:{self.id}"


class Exchange(LeasedWork):
    """A code that was redeemed, and what it became; its own queue row until that is handed over."""

    public_id = public_id_field("exc")
    code = models.OneToOneField(ExchangeCode, models.PROTECT, related_name="exchange")
    batch = models.ForeignKey(
        ExchangeBatch, models.PROTECT, related_name="exchanges", verbose_name=_("batch")
    )
    form_token = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, db_index=False,
        related_name="+", verbose_name=_("person"),
    )  # fmt: skip
    owner = models.CharField(_("person"), max_length=24, blank=True, default="")
    contact_kind = models.CharField(_("kind of contact"), max_length=8, choices=ContactKind)
    # Sealed with context `orders_exchange:contact_sealed:<public_id>`.
    contact_sealed = models.BinaryField(editable=False)
    contact_masked = models.CharField(_("contact"), max_length=120)
    language = models.CharField(_("language"), max_length=16)
    result = models.CharField(_("became"), max_length=48, blank=True, default="")
    last_error = models.CharField(_("last error"), max_length=200, blank=True, default="")
    state = models.CharField(
        _("state"), max_length=8, choices=AwardState, default=AwardState.WAITING
    )
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("redeemed at"))

    class Meta:
        verbose_name = _("exchange")
        verbose_name_plural = _("exchanges")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(state="waiting") & Q(not_before__isnull=False))
                | (~Q(state="waiting") & Q(not_before__isnull=True)),
                name="orders_exchange_queue",
            )
        ]
        indexes = [
            models.Index(
                fields=["not_before"], name="orders_exchange_due",
                condition=Q(not_before__isnull=False),
            )
        ]  # fmt: skip
        triggers = [transitions.guard(AWARD_STEPS)]

    def __str__(self) -> str:
        return self.public_id

    @property
    def context(self) -> str:
        """What its sealed contact is bound to."""
        return f"orders_exchange:contact_sealed:{self.public_id}"
