import secrets
import time
import uuid
from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly, public_id_field
from core.transitions import guard
from fulfillment.states import CODE_TRANSITIONS, CodeState

NEVER = date(9999, 12, 31)
SPIN_TOP = 1 << 30


def new_code_id() -> uuid.UUID:
    """A time-ordered UUID (version 7): the seal is bound to it, so it exists before the row."""
    stamp = time.time_ns() // 1_000_000
    bits = (stamp << 80) | secrets.randbits(80)
    bits = bits & ~(0xF << 76) | (0x7 << 76)
    return uuid.UUID(int=bits & ~(0x3 << 62) | (0x2 << 62))


def new_spin() -> int:
    """A place on the wheel from which free units are taken (design.md, free units)."""
    return secrets.randbelow(SPIN_TOP)


class Code(models.Model):
    """One sellable unit. Number and secret exist only inside `sealed`.

    The history of a sale is the row's own columns and its CodeIssue; every other change of state
    leaves a row in core's state history.
    """

    id = models.UUIDField(primary_key=True, default=new_code_id, editable=False)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT, db_index=False, related_name="codes")
    batch = models.ForeignKey("fulfillment.CodeBatch", models.PROTECT, related_name="codes")
    # JSON [number, secret], sealed with context `fulfillment_code:sealed:<id>`.
    sealed = models.BinaryField(editable=False)
    # Keyed hash over number + secret: unique in the whole vault, whatever the SKU and the state.
    index = models.BinaryField(editable=False, max_length=32)
    masked = models.CharField(_("number"), max_length=16, editable=False)
    state = models.CharField(
        _("state"), max_length=12, choices=CodeState, default=CodeState.AVAILABLE
    )
    expires_on = models.DateField(_("last day"), default=NEVER)
    spin = models.IntegerField(default=new_spin, editable=False)
    # The channel for which the unit is reserved; empty: free for everybody (D8).
    share = models.CharField(
        _("share"), max_length=32, blank=True, default="", db_default="", editable=False
    )
    # For whom the unit is kept or to whom it went: the caller's reference and line.
    held_by = models.CharField(_("held by"), max_length=40, blank=True, default="")
    held_line = models.CharField(max_length=40, blank=True, default="")
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    sold_at = models.DateTimeField(_("sold at"), null=True, blank=True)
    # The channel in which it is held or was sold: every code knows where it went (D7).
    channel = models.CharField(_("channel"), max_length=32, blank=True, default="")

    class Meta:
        verbose_name = _("code")
        verbose_name_plural = _("codes")
        constraints = [
            models.UniqueConstraint(fields=["index"], name="fulfillment_code_once"),
            models.CheckConstraint(
                condition=(
                    Q(state=CodeState.HELD, held_by__gt="", held_until__isnull=False)
                    | Q(state=CodeState.SOLD, held_by__gt="", sold_at__isnull=False)
                    | (~Q(state__in=[CodeState.HELD, CodeState.SOLD]) & Q(held_by=""))
                ),
                name="fulfillment_code_holder",
            ),
        ]
        indexes = [
            # The pool. Nothing else has these columns in this order, so the planner has no
            # tempting primary key to walk (performance.md section 2).
            models.Index(
                fields=["sku", "share", "expires_on", "spin"],
                name="fulfillment_code_free",
                condition=Q(state=CodeState.AVAILABLE),
            ),
            models.Index(
                fields=["sku", "share", "state"],
                name="fulfillment_code_share",
                condition=~Q(share=""),
            ),
            models.Index(
                fields=["held_by"], name="fulfillment_code_held", condition=Q(state=CodeState.HELD)
            ),
            models.Index(
                fields=["sku", "held_until"],
                name="fulfillment_code_overdue",
                condition=Q(state=CodeState.HELD),
            ),
        ]
        triggers = [guard(CODE_TRANSITIONS)]

    def __str__(self) -> str:
        return self.masked


class CodeIssue(AppendOnly):
    """A code was given to a delivery, for ever. A replacement is the next number of the unit."""

    code = models.OneToOneField(Code, models.PROTECT, related_name="issue")
    delivery = models.ForeignKey(
        "fulfillment.Delivery", models.PROTECT, db_index=False, related_name="issues"
    )
    number = models.PositiveSmallIntegerField(default=1)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True)
    at = models.DateTimeField()

    class Meta(AppendOnly.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["delivery", "number"], name="fulfillment_issue_number_once"
            ),
            # The live issue is the one with the highest number: a chain without gaps or forks.
            models.CheckConstraint(
                condition=Q(number=1, replaces__isnull=True)
                | Q(number__gt=1, replaces__isnull=False),
                name="fulfillment_issue_chain",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id}#{self.number}"


class CodeReveal(AppendOnly):
    """The text of a code left the vault, and for whom."""

    public_id = public_id_field("rvl")
    delivery = models.ForeignKey("fulfillment.Delivery", models.PROTECT, related_name="reveals")
    code = models.ForeignKey(
        Code, models.PROTECT, null=True, blank=True, db_index=False, related_name="reveals"
    )
    # Or one of our own: the code of a voucher.
    voucher = models.ForeignKey(
        "fulfillment.VoucherCode", models.PROTECT, null=True, blank=True, db_index=False,
        related_name="reveals",
    )  # fmt: skip
    by = models.CharField(_("by"), max_length=48)
    ip = models.CharField(_("address"), max_length=45, blank=True, default="")
    at = models.DateTimeField(_("at"))

    class Meta(AppendOnly.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(code__isnull=False, voucher__isnull=True)
                | Q(code__isnull=True, voucher__isnull=False),
                name="fulfillment_reveal_of_one",
            )
        ]
        indexes = [models.Index(fields=["by", "at"], name="fulfillment_reveal_by")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def masked(self) -> str:
        """What lists show of the code that was looked at."""
        shown = self.code or self.voucher
        return shown.masked if shown is not None else ""
