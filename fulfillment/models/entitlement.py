from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field
from core.transitions import guard
from fulfillment.states import ENTITLEMENT_TRANSITIONS, EntitlementState


class Entitlement(models.Model):
    """What a person owns: one delivered unit in the wallet. A guest's has no owner yet."""

    public_id = public_id_field("ent")
    owner = models.CharField(_("owner"), max_length=24, blank=True, default="")
    reference = models.CharField(_("reference"), max_length=40)
    delivery = models.OneToOneField(
        "fulfillment.Delivery", models.PROTECT, related_name="entitlement"
    )
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_index=False)
    kind = models.CharField(_("kind"), max_length=12)
    state = models.CharField(
        _("state"), max_length=12, choices=EntitlementState, default=EntitlementState.ISSUED
    )
    valid_from = models.DateTimeField(_("valid from"))
    # Empty: no end.
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    # A voucher's uses, or its amount in minor units of the SKU's currency; empty for other goods.
    # Changed only by conditional updates (services/redeeming/redeem.py and what gives back).
    uses_total = models.PositiveIntegerField(_("uses"), null=True, blank=True)
    uses_left = models.PositiveIntegerField(_("uses left"), null=True, blank=True)
    amount_total_minor = models.BigIntegerField(_("amount"), null=True, blank=True)
    amount_left_minor = models.BigIntegerField(_("amount left"), null=True, blank=True)
    # While a gift of it is on its way: nobody sees its code, nobody uses it (services/wallet/give.py).
    given_at = models.DateTimeField(_("given away at"), null=True, blank=True)
    # How often it went to another holder; the last row of OwnershipChange has this number.
    moves = models.PositiveSmallIntegerField(_("changes of owner"), default=0, db_default=0)
    # Keyed hash of what a guest's browser holds who accepted it without an account.
    holder_hash = models.BinaryField(max_length=32, null=True, editable=False)
    created_at = models.DateTimeField(_("received at"))

    class Meta:
        verbose_name = _("entitlement")
        verbose_name_plural = _("entitlements")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(uses_total__isnull=True, uses_left__isnull=True)
                | Q(
                    uses_left__isnull=False, uses_total__gte=1, uses_left__gte=0,
                    uses_left__lte=F("uses_total"),
                ),
                name="fulfillment_entitlement_uses",
            ),
            models.CheckConstraint(
                condition=Q(amount_total_minor__isnull=True, amount_left_minor__isnull=True)
                | Q(
                    uses_total__isnull=True, amount_left_minor__isnull=False,
                    amount_total_minor__gte=1, amount_left_minor__gte=0,
                    amount_left_minor__lte=F("amount_total_minor"),
                ),
                name="fulfillment_entitlement_amount",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                fields=["owner", "-id"],
                name="fulfillment_entitlement_owner",
                condition=~Q(owner=""),
            ),
            models.Index(fields=["reference"], name="fulfillment_entitlement_ref"),
            # What ends next: the expiry sweep and the reminders before it.
            models.Index(
                fields=["valid_until"],
                name="fulfillment_entitlement_ending",
                condition=Q(state__in=[EntitlementState.ISSUED, EntitlementState.ACTIVE]),
            ),
        ]
        triggers = [guard(ENTITLEMENT_TRANSITIONS)]

    def __str__(self) -> str:
        return self.public_id
