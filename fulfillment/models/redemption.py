"""Vouchers: what their SKU promises, their codes, and every use of them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly, public_id_field
from fulfillment.models.code import new_code_id

EVERY_DAY = "1234567"
UNDO_SECONDS = 300


class VoucherTerms(models.Model):
    """What a voucher of a SKU is good for. Days after purchase and fixed windows are the SKU's own.

    `uses_total` (a times-card) or `amount_minor` (used by amount, minor units of the SKU's
    currency); copied to the entitlement at the sale. Days, hours and places are looked up at
    each use, so that a new store or another opening hour counts for what is sold already.
    """

    sku = models.OneToOneField(
        "catalog.Sku", models.PROTECT, related_name="voucher_terms", verbose_name=_("SKU")
    )
    uses_total = models.PositiveIntegerField(_("uses"), null=True, blank=True, default=1)
    amount_minor = models.BigIntegerField(_("amount (minor units)"), null=True, blank=True)
    starts_after_days = models.PositiveSmallIntegerField(
        _("usable from so many days after purchase"), default=0
    )
    # ISO weekdays on which it counts, Monday = 1.
    weekdays = models.CharField(_("weekdays"), max_length=7, default=EVERY_DAY)
    # In the shop's time zone; an end before the start is on the next day.
    opens_at = models.TimeField(_("from"), null=True, blank=True)
    closes_at = models.TimeField(_("until"), null=True, blank=True)
    undo_seconds = models.PositiveIntegerField(
        _("seconds in which a use can be undone"), default=UNDO_SECONDS
    )

    class Meta:
        verbose_name = _("voucher terms")
        verbose_name_plural = _("voucher terms")
        ordering = ["sku_id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(uses_total__isnull=False, uses_total__gte=1, amount_minor__isnull=True)
                | Q(uses_total__isnull=True, amount_minor__isnull=False, amount_minor__gte=1),
                name="fulfillment_terms_measure",
            ),
            models.CheckConstraint(
                condition=Q(weekdays__regex="^[1-7]{1,7}$"), name="fulfillment_terms_weekdays"
            ),
            models.CheckConstraint(
                condition=Q(opens_at__isnull=True, closes_at__isnull=True)
                | Q(opens_at__isnull=False, closes_at__isnull=False),
                name="fulfillment_terms_hours",
            ),
        ]

    def __str__(self) -> str:
        return str(self.sku)


class VoucherPlace(models.Model):
    """A merchant (or one store of it) where a voucher counts, and what the merchant gets for it."""

    terms = models.ForeignKey(VoucherTerms, models.CASCADE, db_index=False, related_name="places")
    merchant = models.ForeignKey("fulfillment.Merchant", models.PROTECT, verbose_name=_("merchant"))
    # Empty: all stores of the merchant.
    store = models.ForeignKey(
        "fulfillment.Store", models.PROTECT, null=True, blank=True, db_index=False,
        verbose_name=_("store"),
    )  # fmt: skip
    # What we owe the merchant: per use in minor units, or in ten-thousandths of an amount used.
    share_minor = models.BigIntegerField(_("share per use (minor units)"), default=0)
    share_bp = models.PositiveIntegerField(_("share of the amount (1/10,000)"), default=0)

    class Meta:
        verbose_name = _("place where it counts")
        verbose_name_plural = _("places where it counts")
        constraints = [
            models.UniqueConstraint(
                fields=["terms", "merchant", "store"], nulls_distinct=False,
                name="fulfillment_place_once",
            ),
            models.CheckConstraint(
                condition=Q(share_minor__gte=0, share_bp__lte=10_000),
                name="fulfillment_place_share",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.store or self.merchant)


class VoucherCode(models.Model):
    """The code of a voucher, sealed like those of the vault. The live one is not replaced."""

    id = models.UUIDField(primary_key=True, default=new_code_id, editable=False)
    entitlement = models.ForeignKey(
        "fulfillment.Entitlement", models.PROTECT, db_index=False, related_name="voucher_codes"
    )
    number = models.PositiveSmallIntegerField(default=1)
    # JSON ["", code], sealed with context `fulfillment_vouchercode:sealed:<id>`.
    sealed = models.BinaryField(editable=False)
    # Keyed hash of the plain code: by it a scan finds the row.
    index = models.BinaryField(editable=False, max_length=32)
    masked = models.CharField(_("number"), max_length=16, editable=False)
    made_at = models.DateTimeField(_("made at"))
    replaced_at = models.DateTimeField(_("replaced at"), null=True, blank=True)

    class Meta:
        verbose_name = _("voucher code")
        verbose_name_plural = _("voucher codes")
        constraints = [
            models.UniqueConstraint(fields=["index"], name="fulfillment_voucher_once"),
            models.UniqueConstraint(
                fields=["entitlement", "number"], name="fulfillment_voucher_number_once"
            ),
            models.UniqueConstraint(
                fields=["entitlement"], condition=Q(replaced_at__isnull=True),
                name="fulfillment_voucher_one_live",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.masked


class RedemptionKind(models.TextChoices):
    USE = "use", _("Used")
    UNDO = "undo", _("Undone")


class Redemption(AppendOnly):
    """A use of a voucher at a store, or that a use was undone. Never changed.

    The answer given to the clerk stands in the row (`uses_left`, `amount_left_minor` after it), so
    that the same nonce gets the same answer. An undo carries the figures of the use it takes back.
    """

    public_id = public_id_field("rdm")
    kind = models.CharField(_("kind"), max_length=4, choices=RedemptionKind)
    entitlement = models.ForeignKey(
        "fulfillment.Entitlement", models.PROTECT, db_index=False, related_name="redemptions"
    )
    voucher = models.ForeignKey(VoucherCode, models.PROTECT, db_index=False, related_name="+")
    merchant = models.ForeignKey(
        "fulfillment.Merchant", models.PROTECT, db_index=False, verbose_name=_("merchant")
    )
    store = models.ForeignKey(
        "fulfillment.Store", models.PROTECT, db_index=False, verbose_name=_("store")
    )
    # Who scanned: `clk_…`, `tky_…`, or `apr_…` for what two persons undid. A nonce counts once for each.
    actor = models.CharField(_("by"), max_length=24)
    nonce = models.CharField(max_length=64)
    uses = models.PositiveIntegerField(_("uses"), default=0)
    amount_minor = models.BigIntegerField(_("amount (minor units)"), default=0)
    share_minor = models.BigIntegerField(_("merchant's share (minor units)"), default=0)
    currency = models.CharField(max_length=3, default="CNY")
    uses_left = models.PositiveIntegerField(_("uses left"), null=True, blank=True)
    amount_left_minor = models.BigIntegerField(_("amount left"), null=True, blank=True)
    undo_of = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="undone"
    )
    undo_until = models.DateTimeField(_("can be undone until"), null=True, blank=True)
    why = models.CharField(_("why"), max_length=200, blank=True, default="")
    # Where it was sold, for history and settlement to go back there.
    reference = models.CharField(_("reference"), max_length=40)
    channel = models.CharField(_("channel"), max_length=32)
    at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["actor", "nonce"], name="fulfillment_redemption_nonce"),
            models.CheckConstraint(
                condition=Q(kind="use", undo_of__isnull=True)
                | Q(kind="undo", undo_of__isnull=False),
                name="fulfillment_redemption_undo",
            ),
            models.CheckConstraint(
                condition=Q(uses__gte=1, amount_minor=0) | Q(uses=0, amount_minor__gte=1),
                name="fulfillment_redemption_measure",
            ),
            models.CheckConstraint(
                condition=Q(share_minor__gte=0), name="fulfillment_redemption_share"
            ),
        ]
        indexes = [
            models.Index(fields=["entitlement", "id"], name="fulfillment_redemption_of"),
            models.Index(fields=["store", "-id"], name="fulfillment_redemption_store"),
            # A till asks for its own day again and again, however old the store is.
            models.Index(fields=["store", "at"], name="fulfillment_redemption_day"),
            models.Index(fields=["merchant", "-id"], name="fulfillment_redemption_merch"),
        ]

    def __str__(self) -> str:
        return self.public_id


class RefusedScan(AppendOnly):
    """A scan that was refused, and why: for the clerk's history and for whoever watches guessing."""

    actor = models.CharField(_("by"), max_length=24)
    store = models.ForeignKey(
        "fulfillment.Store", models.PROTECT, db_index=False, verbose_name=_("store")
    )
    voucher = models.ForeignKey(
        VoucherCode, models.PROTECT, null=True, blank=True, db_index=False, related_name="+"
    )
    reason = models.CharField(_("reason"), max_length=20)
    at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("refused scan")
        verbose_name_plural = _("refused scans")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["store", "-id"], name="fulfillment_refused_store"),
            models.Index(fields=["at"], name="fulfillment_refused_at"),
        ]

    def __str__(self) -> str:
        return self.reason
